import Attribution
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import PhoneNumbers
import Reports

/// Crediting calls to campaigns by hand, and what waits for it.
enum AssignmentEndpoints {
    static var all: [Endpoint] { [unattributed, assign, undo] }

    private static func desk(_ ask: Ask) -> AttributionDesk {
        AttributionDesk(store: ask.parts.store, timeZone: ask.parts.places.timeZone)
    }

    // MARK: What waits

    private static let suggestion = Schema.fields(
        ("campaignID", .identifier),
        ("campaign", .text),
        ("recipientID", .optional(.identifier)),
        ("reason", .text),
        ("score", .count),
        ("daysLate", .optional(.count))
    )

    private static let unattributed = Endpoint(
        method: .get,
        path: "/api/v1/unattributed",
        summary: "Callers whose calls no campaign is credited with, with suggestions.",
        query: [.init(name: "reason", schema: .text, meaning: "Only those left open for it.")]
            + CallEndpoints.paging + [CallEndpoints.numbers],
        answer: .fields(
            ("reasons", .list(.fields(("reason", .text), ("calls", .count)))),
            (
                "items",
                .list(
                    .fields(
                        ("call", .identifier),
                        ("conversation", .text),
                        ("caller", .optional(.text)),
                        ("callerClass", .optional(.text)),
                        ("calls", .count),
                        ("last", .instant),
                        ("reason", .text),
                        ("revision", .count),
                        ("suggestions", .list(suggestion))
                    )
                )
            ),
            ("next", .optional(.text))
        )
    ) { ask in
        let query = ask.query
        let limit = try query.limit()
        let store = ask.parts.store
        let showNumbers = try ask.showsNumbers()
        let callers = try await store.unattributed(
            reason: query.text("reason"),
            after: query.text("cursor").map(UnattributedCursor.init(text:)),
            limit: limit
        )
        let counts = try await store.unattributedCounts()
        let desk = desk(ask)
        let numbers = NumberNormalizer()
        let region = Region(ask.parts.places.region)
        var items: [JSONValue] = []
        for caller in callers {
            let found = try await desk.suggestions(
                for: caller.call,
                numbers: numbers,
                region: region
            )
            items.append(json(caller, found, showNumbers))
        }
        let next = callers.count < limit ? nil : callers.last?.cursor.text
        var headers = HTTPFields()
        if let next { headers[Query.linkHeader] = query.link(cursor: next) }
        return .json(
            .fields(
                (
                    "reasons",
                    .list(
                        counts.map {
                            .fields(("reason", .text($0.reason)), ("calls", .count($0.calls)))
                        }
                    )
                ),
                ("items", .list(items)),
                ("next", .optional(next))
            ),
            headers: headers
        )
    }

    private static func json(
        _ caller: UnattributedCaller,
        _ suggestions: [Suggestion],
        _ showNumbers: Bool
    ) -> JSONValue {
        .fields(
            ("call", .integer(caller.call.number)),
            ("conversation", .text(caller.conversationID)),
            ("caller", .optional(CallSummary.number(caller.caller, showNumbers: showNumbers))),
            ("callerClass", .optional(caller.callerClass)),
            ("calls", .count(caller.calls)),
            ("last", .text(ISOTime.text(unix: caller.lastUnix))),
            ("reason", .text(caller.reason)),
            ("revision", .integer(caller.revision)),
            (
                "suggestions",
                .list(
                    suggestions.map { suggestion in
                        .fields(
                            ("campaignID", .integer(suggestion.campaign.number)),
                            ("campaign", .text(suggestion.campaignName)),
                            (
                                "recipientID",
                                suggestion.recipient.map { .integer($0.number) } ?? .null
                            ),
                            ("reason", .text(suggestion.reason.rawValue)),
                            ("score", .count(suggestion.score)),
                            ("daysLate", .optional(suggestion.daysLate))
                        )
                    }
                )
            )
        )
    }

    // MARK: Assigning

    private struct NewAssignmentBody: Decodable {
        var campaign: Int64?
        var recipient: Int64?
        var scope: String
        var note: String?
        var overrideReason: String?
        var expected: Int64?
    }

    private static let receipt = Schema.fields(
        ("undo", .text),
        ("calls", .list(.identifier)),
        ("locked", .count),
        ("changedSince", .count)
    )

    private static func json(_ receipt: AssignmentReceipt) -> JSONValue {
        .fields(
            ("undo", .text(receipt.id.description)),
            ("calls", .list(receipt.calls.map { .integer($0.number) })),
            ("locked", .count(receipt.locked)),
            ("changedSince", .count(receipt.changedSince))
        )
    }

    private static let assign = Endpoint(
        method: .post,
        path: "/api/v1/calls/{id}/assignment",
        summary: "Credit a call to a campaign, or to none; no rule changes that.",
        body: .sent(
            [("scope", .word(AssignmentScope.self))],
            optional: [
                ("campaign", .identifier), ("recipient", .identifier),
                ("note", .bounded(CallEndpoints.noteRange)),
                ("overrideReason", .bounded(1...1_000)), ("expected", .count),
            ]
        ),
        answer: receipt
    ) { ask in
        let sent = try await ask.body(NewAssignmentBody.self)
        guard let scope = AssignmentScope(rawValue: sent.scope) else {
            throw APIError(.badRequest, "scope must be call, caller or future.")
        }
        for id in [sent.campaign, sent.recipient].compactMap(\.self) where id <= 0 {
            throw APIError(.badRequest, "campaign and recipient are ids, or null.")
        }
        try APIError.check(sent.note, "note", in: CallEndpoints.noteRange)
        try APIError.check(sent.overrideReason, "overrideReason", in: 1...1_000)
        let call = try await CallEndpoints.call(of: ask)
        let campaign = sent.campaign.map { CampaignID($0) }
        if let campaign, try await ask.parts.store.campaign(campaign) == nil {
            throw APIError(.refused, "There is no campaign \(campaign).")
        }
        do {
            let receipt = try await desk(ask).assign(
                NewAssignment(
                    call: call.id,
                    campaign: campaign,
                    recipient: sent.recipient.map { RecipientID($0) },
                    scope: scope,
                    person: ask.person,
                    note: sent.note,
                    overrideReason: sent.overrideReason,
                    expected: sent.expected
                )
            )
            return .json(json(receipt))
        } catch StoreError.stale {
            throw try await conflict(on: call.id, ask)
        }
    }

    /// Who was first, when, and with what.
    private static func conflict(on id: CallID, _ ask: Ask) async throws -> APIError {
        let store = ask.parts.store
        guard let call = try await store.call(id), let attribution = call.attribution else {
            return APIError(.conflict, "This call was decided anew; look again.")
        }
        var name: String?
        if let campaign = attribution.decision.campaign {
            name = try await store.campaign(campaign)?.name
        }
        let age = ask.parts.ambient.unixMilliseconds - attribution.decidedAtMilliseconds
        let target = name.map { "to \($0)" } ?? "to no campaign"
        var error = APIError(
            .conflict,
            "\(attribution.decidedBy) assigned this \(max(0, age) / 1_000) s ago \(target)."
        )
        error.members = [
            .init(name: "by", value: .text(attribution.decidedBy)),
            .init(
                name: "at",
                value: .text(ISOTime.text(milliseconds: attribution.decidedAtMilliseconds))
            ),
            .init(
                name: "campaignID",
                value: attribution.decision.campaign.map { .integer($0.number) } ?? .null
            ),
            .init(name: "campaign", value: .optional(name)),
            .init(name: "revision", value: .integer(call.revision.attribution)),
        ]
        return error
    }

    private static let undo = Endpoint(
        method: .post,
        path: "/api/v1/changes/{id}/undo",
        summary: "Take an assignment back, with all the calls that it reached.",
        answer: receipt
    ) { ask in
        let id = AssignmentID(try ask.number("id", "change"))
        return .json(json(try await desk(ask).undo(id, by: ask.person)))
    }
}

extension UnattributedCursor {
    fileprivate var text: String { "\(lastUnix).\(caller)" }

    fileprivate init(text: String) throws(APIError) {
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let last = Int64(parts[0]) else {
            throw APIError(.badRequest, "cursor is not one that a page gave.")
        }
        self.init(lastUnix: last, caller: parts[1])
    }
}
