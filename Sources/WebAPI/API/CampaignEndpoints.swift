import Attribution
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import PhoneNumbers
import Reports

/// Campaigns: the list, one of them, its figures, recipients and touches.
enum CampaignEndpoints {
    static var all: [Endpoint] {
        [list, add, one, change, metrics, recipients, unmatched, touches]
    }

    private static let campaign = Schema.fields(
        ("id", .identifier),
        ("name", .text),
        ("channel", .word(CampaignChannel.self)),
        ("status", .word(CampaignStatus.self)),
        ("windowDays", .count),
        ("starts", .optional(.instant)),
        ("ends", .optional(.instant)),
        ("agentNumbers", .list(.text))
    )

    private static func json(_ campaign: Campaign) -> [JSONValue.Field] {
        [
            .init(name: "id", value: .integer(campaign.id.number)),
            .init(name: "name", value: .text(campaign.name)),
            .init(name: "channel", value: .text(campaign.channel.rawValue)),
            .init(name: "status", value: .text(campaign.status.rawValue)),
            .init(name: "windowDays", value: .count(campaign.windowDays)),
            .init(name: "starts", value: .optional(campaign.startsUnix.map(ISOTime.text(unix:)))),
            .init(name: "ends", value: .optional(campaign.endsUnix.map(ISOTime.text(unix:)))),
            .init(
                name: "agentNumbers",
                value: .list(campaign.agentNumbers.map { .text($0.text) })
            ),
        ]
    }

    private static func find(_ ask: Ask) async throws -> Campaign {
        let id = CampaignID(try ask.number("id", "campaign"))
        guard let found = try await ask.parts.store.campaign(id) else {
            throw APIError(.notFound, "There is no such campaign.")
        }
        return found
    }

    // MARK: Campaigns

    private static let listed = Schema.fields(
        ("id", .identifier),
        ("name", .text),
        ("channel", .word(CampaignChannel.self)),
        ("status", .word(CampaignStatus.self)),
        ("windowDays", .count),
        ("starts", .optional(.instant)),
        ("ends", .optional(.instant)),
        ("agentNumbers", .list(.text)),
        ("recipients", .count),
        ("calls", .count),
        ("conversions", .count)
    )

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/campaigns",
        summary: "Campaigns with what they brought.",
        query: CallEndpoints.paging,
        answer: .page(listed)
    ) { ask in
        let query = ask.query
        let limit = try query.limit()
        let after = try query.integer("cursor", in: 1...Int.max)
        let page = try await ask.parts.store.campaignFigures(
            after: after.map { CampaignID(Int64($0)) },
            limit: limit
        )
        let items = page.map { figures in
            JSONValue.object(
                json(figures.campaign) + [
                    .init(name: "recipients", value: .count(figures.recipients)),
                    .init(name: "calls", value: .count(figures.calls)),
                    .init(name: "conversions", value: .count(figures.conversions)),
                ]
            )
        }
        let last = page.last?.campaign.id.description
        return .page(items, next: page.count < limit ? nil : last, query)
    }

    private struct Sent: Decodable {
        var name: String?
        var channel: String?
        var windowDays: Int?
        var starts: String?
        var ends: String?
        var status: String?
        var note: String?

        func startsUnix() throws(APIError) -> Int64? { try Self.instant(starts, "starts") }

        func endsUnix() throws(APIError) -> Int64? { try Self.instant(ends, "ends") }

        private static func instant(_ text: String?, _ name: String) throws(APIError) -> Int64? {
            guard let text else { return nil }
            guard let unix = RFC3339.unix(text), (0...253_402_300_799).contains(unix) else {
                throw APIError(.badRequest, "\(name) must be RFC 3339.")
            }
            return unix
        }

        func check() throws(APIError) {
            try APIError.check(name, "name", in: 1...200)
            try APIError.check(note, "note", in: CallEndpoints.noteRange)
            guard name != "none" else {
                throw APIError(.refused, "A campaign may not be called none.")
            }
            guard windowDays.map({ (1...730).contains($0) }) ?? true else {
                throw APIError(.badRequest, "windowDays must be 1 to 730.")
            }
            if let start = try startsUnix(), let end = try endsUnix(), end < start {
                throw APIError(.refused, "It would end before it starts.")
            }
        }
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/campaigns",
        summary: "Add a campaign.",
        body: .sent(
            [("name", .bounded(1...200)), ("channel", .word(CampaignChannel.self))],
            optional: [
                ("windowDays", .integer(1...730)), ("starts", .text), ("ends", .text),
            ]
        ),
        answer: campaign,
        status: .created
    ) { ask in
        let sent = try await ask.body(Sent.self)
        try sent.check()
        guard let name = sent.name, let channel = sent.channel.flatMap(CampaignChannel.init) else {
            throw APIError(.badRequest, "A campaign needs a name and a channel.")
        }
        let new = NewCampaign(
            name: name,
            channel: channel,
            windowDays: sent.windowDays,
            startsUnix: try sent.startsUnix(),
            endsUnix: try sent.endsUnix()
        )
        let person = ask.person
        let id = try await ask.parts.store.write { writer in
            guard try writer.campaign(named: name) == nil else {
                throw StoreError.rejected(reason: "There is a campaign of this name already.")
            }
            let id = try writer.add(new)
            try writer.audit(
                AuditNote(
                    actor: person,
                    action: "campaign.add",
                    object: "campaign:\(id)",
                    after: ["name": .text(name)]
                )
            )
            return id
        }
        guard let added = try await ask.parts.store.campaign(id) else {
            throw APIError(.internalError, "The campaign was added and is gone.")
        }
        return .json(.object(json(added)), status: .created)
    }

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}",
        summary: "One campaign with its figures, callers, funnel and cost.",
        answer: .anything
    ) { ask in
        let id = CampaignID(try ask.number("id", "campaign"))
        guard let report = try await ask.parts.store.campaignReport(id) else {
            throw APIError(.notFound, "There is no such campaign.")
        }
        return .json(
            .object(
                json(report.campaign) + [
                    .init(name: "figures", value: MetricEndpoints.json(report.figures.total)),
                    .init(
                        name: "callers",
                        value: .fields(
                            ("unique", .count(report.callers.unique)),
                            ("anonymousCalls", .count(report.callers.anonymousCalls)),
                            ("qualified", .count(report.callers.qualified)),
                            ("converting", .count(report.callers.converting))
                        )
                    ),
                    .init(
                        name: "funnel",
                        value: .fields(
                            ("totals", .list(report.funnel.totals.map(json))),
                            ("samePeople", .list(report.funnel.samePeople.map(json)))
                        )
                    ),
                    .init(
                        name: "costPerConversion",
                        value: report.costPerConversion.map { .number($0) } ?? .null
                    ),
                ]
            )
        )
    }

    private static func json(_ count: FunnelCount) -> JSONValue {
        .fields(
            ("step", .text(count.step.rawValue)),
            ("events", .optional(count.events)),
            ("recipients", .optional(count.recipients)),
            ("medianSeconds", .optional(count.medianSeconds))
        )
    }

    private static let change = Endpoint(
        method: .patch,
        path: "/api/v1/campaigns/{id}",
        summary: "Rename a campaign, pause it, end it, or move its dates, for calls from now on.",
        body: .sent(
            [],
            optional: [
                ("name", .bounded(1...200)), ("status", .word(CampaignStatus.self)),
                ("starts", .text), ("ends", .text), ("windowDays", .integer(1...730)),
                ("note", .bounded(CallEndpoints.noteRange)),
            ]
        ),
        answer: campaign
    ) { ask in
        let sent = try await ask.body(Sent.self)
        try sent.check()
        var campaign = try await find(ask)
        if let name = sent.name { campaign.name = name }
        if let status = sent.status {
            guard let status = CampaignStatus(rawValue: status) else {
                throw APIError(.badRequest, "status must be draft, running, paused or ended.")
            }
            campaign.status = status
        }
        if let start = try sent.startsUnix() { campaign.startsUnix = start }
        if let end = try sent.endsUnix() { campaign.endsUnix = end }
        if let start = campaign.startsUnix, let end = campaign.endsUnix, end < start {
            throw APIError(.refused, "It would end before it starts.")
        }
        if let days = sent.windowDays {
            let now = ask.parts.ambient.unixMilliseconds / 1_000
            campaign = campaign.settingWindow(days: days, for: .fromNow(now), nowUnix: now)
        }
        try await AttributionDesk(store: ask.parts.store, timeZone: ask.parts.places.timeZone)
            .change(campaign, recompute: nil, by: ask.person, note: sent.note)
        return .json(.object(json(try await find(ask))))
    }

    // MARK: Figures

    /// In exactly the shape that existing front ends know; what is pending counts as unknown, so
    /// that the three add up to all.
    private static let metrics = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/call-metrics",
        summary: "A campaign's calls in a few figures.",
        answer: .fields(
            ("total_calls", .count),
            ("successful_calls", .count),
            ("failed_calls", .count),
            ("unknown_calls", .count),
            ("conversions", .count),
            ("conversion_rate", .number),
            ("calls_today", .count),
            ("calls_this_week", .count),
            ("calls_this_month", .count),
            ("average_call_duration", .number),
            (
                "calls_by_day",
                .list(.fields(("date", .day), ("count", .count), ("conversions", .count)))
            )
        )
    ) { ask in
        let campaign = try await find(ask)
        let report = try await ask.parts.store.figureReport(
            FigureScope(campaign: .one(campaign.id))
        )
        let total = report.total
        return .json(
            .fields(
                ("total_calls", .count(total.calls)),
                ("successful_calls", .count(total.success)),
                ("failed_calls", .count(total.failure)),
                ("unknown_calls", .count(total.unknown + total.pending)),
                ("conversions", .count(total.conversions)),
                ("conversion_rate", .number(rounded(total.conversionsPerSuccess, 10_000))),
                ("calls_today", .count(report.callsToday)),
                ("calls_this_week", .count(report.callsThisWeek)),
                ("calls_this_month", .count(report.callsThisMonth)),
                ("average_call_duration", .number(rounded(total.averageSeconds, 10))),
                (
                    "calls_by_day",
                    .list(
                        report.days.map { day in
                            .fields(
                                ("date", .text(day.day.description)),
                                ("count", .count(day.figures.calls)),
                                ("conversions", .count(day.figures.conversions))
                            )
                        }
                    )
                )
            )
        )
    }

    private static func rounded(_ value: Double?, _ parts: Double) -> Double {
        ((value ?? 0) * parts).rounded() / parts
    }

    // MARK: Recipients and touches

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
            search, CallEndpoints.numbers,
        ] + CallEndpoints.paging,
        answer: .page(recipient)
    ) { ask in
        let called = try ask.query.text("called")
        return try await page(ask, hasCalled: called == nil ? nil : try ask.query.flag("called"))
    }

    private static let unmatched = Endpoint(
        method: .get,
        path: "/api/v1/campaigns/{id}/unmatched",
        summary: "A campaign's recipients whom no call is credited to.",
        query: [search, CallEndpoints.numbers] + CallEndpoints.paging,
        answer: .page(recipient)
    ) { ask in try await page(ask, hasCalled: false) }

    private static func page(_ ask: Ask, hasCalled: Bool?) async throws -> Response {
        let query = ask.query
        let limit = try query.limit()
        let showNumbers = try ask.showsNumbers()
        let campaign = try await find(ask)
        let after = try query.integer("cursor", in: 1...Int.max)
        let found = try await ask.parts.store.recipients(
            of: campaign.id,
            hasCalled: hasCalled,
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
        let campaign = try await find(ask)
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
