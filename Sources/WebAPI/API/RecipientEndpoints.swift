import CallStore
import HTTPTypes
import Hummingbird
import Reports

/// Whom a campaign reached, and what they did.
enum RecipientEndpoints {
    static var all: [Endpoint] { [recipients, unmatched, touches] }

    private static let recipient = Schema.fields(
        ("id", .identifier),
        ("reference", .text),
        ("name", .optional(.text)),
        ("number", .optional(.text)),
        ("heldOut", .bool),
        ("lastTouch", .optional(.instant)),
        ("calls", .count),
        ("conversions", .count)
    )

    private static let search = Endpoint.Parameter(
        name: "search",
        schema: .bounded(0...200),
        meaning: "A reference, a number, or a part of the name."
    )

    private static let recipients = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/recipients",
        summary: "A campaign's recipients, and whether they called.",
        query: [
            .init(name: "called", schema: .bool, meaning: "Only those who did, or did not."),
            .init(
                name: "converted",
                schema: .bool,
                meaning: "Only those with a conversion, or without one."
            ),
            .init(
                name: "heldOut",
                schema: .bool,
                meaning: "Only those kept out of the campaign, or the others."
            ),
            .init(
                name: "touch",
                schema: .word(Touch.Kind.self),
                meaning: "Only those with a touch of this kind."
            ),
            search, CallEndpoints.numbers,
        ] + CallEndpoints.paging,
        answer: .page(recipient)
    ) { ask in
        func choice(_ name: String) throws -> Bool? {
            try ask.query.text(name) == nil ? nil : try ask.query.flag(name)
        }
        return try await page(
            ask,
            hasCalled: choice("called"),
            hasConverted: choice("converted"),
            isHeldOut: choice("heldOut"),
            touch: try ask.query.word("touch")
        )
    }

    private static let unmatched = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/unmatched",
        summary: "A campaign's recipients whom no call is credited to.",
        query: [search, CallEndpoints.numbers] + CallEndpoints.paging,
        answer: .page(recipient)
    ) { ask in try await page(ask, hasCalled: false) }

    private static func page(
        _ ask: Ask,
        hasCalled: Bool?,
        hasConverted: Bool? = nil,
        isHeldOut: Bool? = nil,
        touch: Touch.Kind? = nil
    ) async throws -> Response {
        let query = ask.query
        let limit = try query.limit()
        let showNumbers = try ask.showsNumbers()
        let campaign = try await CampaignEndpoints.find(ask)
        let after = try query.integer("cursor", in: 1...Int.max)
        let found = try await ask.parts.store.recipients(
            of: campaign.id,
            hasCalled: hasCalled,
            hasConverted: hasConverted,
            isHeldOut: isHeldOut,
            touch: touch,
            search: query.text("search", lengthMax: 200),
            after: after.map { RecipientID(Int64($0)) },
            limit: limit
        )
        let items = found.map { recipient in
            JSONValue.fields(
                ("id", .integer(recipient.id.number)),
                ("reference", .text(recipient.reference)),
                ("name", .optional(recipient.name)),
                (
                    "number",
                    .optional(CallSummary.number(recipient.number, showNumbers: showNumbers))
                ),
                ("heldOut", .bool(recipient.isHeldOut)),
                ("lastTouch", .optional(recipient.lastTouchUnix.map(ISOTime.text(unix:)))),
                ("calls", .count(recipient.calls)),
                ("conversions", .count(recipient.conversions))
            )
        }
        let last = found.last?.id.description
        return .page(items, next: found.count < limit ? nil : last, query)
    }

    private static let touches = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/touches",
        summary: "What reached a campaign's recipients and what they did, the newest first.",
        query: CallEndpoints.paging,
        answer: .page(
            .fields(
                ("id", .identifier),
                ("kind", .word(Touch.Kind.self)),
                ("at", .instant),
                ("recipientID", .optional(.identifier)),
                ("reference", .optional(.text))
            )
        )
    ) { ask in
        let query = ask.query
        let limit = try query.limit()
        let campaign = try await CampaignEndpoints.find(ask)
        let cursor = try query.text("cursor", lengthMax: 64).map(CallCursor.init(text:))
        let found = try await ask.parts.store.touches(
            of: campaign.id,
            after: cursor.map { TouchCursor(atUnix: $0.startedUnix, id: $0.id.number) },
            limit: limit
        )
        let items = found.map { touch in
            JSONValue.fields(
                ("id", .integer(touch.id)),
                ("kind", .text(touch.kind)),
                ("at", .text(ISOTime.text(unix: touch.atUnix))),
                ("recipientID", touch.recipient.map { .integer($0.number) } ?? .null),
                ("reference", .optional(touch.reference))
            )
        }
        let last = found.last.map { "\($0.atUnix).\($0.id)" }
        return .page(items, next: found.count < limit ? nil : last, query)
    }
}
