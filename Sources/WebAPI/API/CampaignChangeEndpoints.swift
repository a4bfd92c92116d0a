import Attribution
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import Reports

/// Changing a campaign; what a new window does to the credits of calls is seen first.
enum CampaignChangeEndpoints {
    static var all: [Endpoint] { [change] }

    /// Calls that one request tries; more is for the command line, which shows how far it is.
    private static let triedMax = 200_000

    /// For which calls a new window holds.
    private enum Reach: String, CaseIterable {
        case fromNow = "from-now"
        case range
        case everything
    }

    private static let difference = Schema.fields(
        ("calls", .count),
        ("changed", .count),
        ("pinned", .count),
        ("locked", .count),
        (
            "campaigns",
            .list(
                .fields(
                    ("campaignID", .optional(.identifier)),
                    ("before", .count),
                    ("after", .count),
                    ("gained", .count),
                    ("lost", .count)
                )
            )
        )
    )

    private static let change = Endpoint(
        method: .patch,
        path: "/api/v1/campaigns/{id}",
        summary:
            "Change a campaign; a new window is only tried until apply says for which calls it is.",
        body: .sent(
            [],
            optional: [
                ("name", .bounded(1...200)), ("status", .word(CampaignStatus.self)),
                ("starts", .text), ("ends", .text), ("windowDays", .integer(1...730)),
                ("apply", .word(Reach.self)), ("from", .text), ("to", .text), ("trial", .bool),
                ("note", .bounded(CallEndpoints.noteRange)),
            ]
        ),
        answer: CampaignEndpoints.campaign.adding(
            ("trial", .bool),
            ("changed", .list(.text)),
            ("difference", .optional(difference))
        )
    ) { ask in
        let sent = try await ask.body(CampaignSent.self)
        try sent.check()
        let before = try await CampaignEndpoints.find(ask)
        let now = ask.parts.ambient.unixMilliseconds / 1_000
        let reach = try reach(sent, nowUnix: now)
        let after = try changed(before, sent, reach ?? .everything, nowUnix: now)
        // A new window is tried first: what it would do is to be seen.
        let isTrial = sent.trial == true || (sent.windowDays != nil && reach == nil)
        let recompute = (reach ?? .everything).recompute
        var found: AttributionDifference?
        if isTrial, let recompute { found = try await tried(after, recompute, ask) }
        var fields: [String] = []
        if !isTrial {
            fields = try await AttributionDesk(
                store: ask.parts.store,
                timeZone: ask.parts.places.timeZone
            ).change(
                after,
                recompute: reach == nil ? nil : recompute,
                by: ask.person,
                note: sent.note
            )
        }
        let shown = isTrial ? after : try await CampaignEndpoints.find(ask)
        return .json(
            .object(
                CampaignEndpoints.json(shown) + [
                    .init(name: "trial", value: .bool(isTrial)),
                    .init(name: "changed", value: .list(fields.map { .text($0) })),
                    .init(name: "difference", value: found.map(json) ?? .null),
                ]
            )
        )
    }

    /// For which calls a new window is; nil when nobody said.
    private static func reach(
        _ sent: CampaignSent,
        nowUnix now: Int64
    ) throws(APIError) -> WindowReach? {
        guard let word = sent.apply else {
            guard sent.from == nil, sent.to == nil else {
                throw APIError(.badRequest, "from and to belong to apply range.")
            }
            return nil
        }
        guard let reach = Reach(rawValue: word) else {
            throw APIError(.badRequest, "apply must be from-now, range or everything.")
        }
        guard sent.windowDays != nil else {
            throw APIError(.badRequest, "apply belongs to windowDays.")
        }
        guard reach == .range || (sent.from == nil && sent.to == nil) else {
            throw APIError(.badRequest, "from and to belong to apply range.")
        }
        switch reach {
        case .fromNow: return .fromNow(now)
        case .everything: return .everything
        case .range:
            let from = try CampaignSent.instant(sent.from, "from") ?? 0
            let to = try CampaignSent.instant(sent.to, "to") ?? WindowReach.endOfTime
            guard from < to else { throw APIError(.badRequest, "to must be after from.") }
            return .range(fromUnix: from, toUnix: to)
        }
    }

    private static func changed(
        _ before: Campaign,
        _ sent: CampaignSent,
        _ reach: WindowReach,
        nowUnix now: Int64
    ) throws(APIError) -> Campaign {
        var campaign = before
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
            campaign = campaign.settingWindow(days: days, for: reach, nowUnix: now)
        }
        return campaign
    }

    private static func tried(
        _ campaign: Campaign,
        _ range: (fromUnix: Int64, toUnix: Int64),
        _ ask: Ask
    ) async throws -> AttributionDifference {
        let store = ask.parts.store
        let calls = try await store.count(
            CallFilter(fromUnix: range.fromUnix, toUnix: range.toUnix)
        )
        guard calls <= triedMax else {
            throw APIError(
                .refused,
                "\(calls) calls are too many to try in one request; use a range, or "
                    + "`ringback campaigns edit`."
            )
        }
        return try await AttributionTrial(
            store: store,
            rules: AttributionRules(timeZone: ask.parts.places.timeZone)
        ).run(trying: campaign, fromUnix: range.fromUnix, toUnix: range.toUnix)
    }

    private static func json(_ difference: AttributionDifference) -> JSONValue {
        .fields(
            ("calls", .count(difference.calls)),
            ("changed", .count(difference.changed)),
            ("pinned", .count(difference.pinned)),
            ("locked", .count(difference.locked)),
            (
                "campaigns",
                .list(
                    difference.rows.map { row in
                        .fields(
                            ("campaignID", row.campaign.map { .integer($0.number) } ?? .null),
                            ("before", .count(row.before)),
                            ("after", .count(row.after)),
                            ("gained", .count(row.gained)),
                            ("lost", .count(row.lost))
                        )
                    }
                )
            )
        )
    }
}

/// What programs send of a campaign.
struct CampaignSent: Decodable {
    var name: String?
    var channel: String?
    var windowDays: Int?
    var starts: String?
    var ends: String?
    var status: String?
    var note: String?
    var apply: String?
    var from: String?
    var to: String?
    var trial: Bool?

    func startsUnix() throws(APIError) -> Int64? { try Self.instant(starts, "starts") }

    func endsUnix() throws(APIError) -> Int64? { try Self.instant(ends, "ends") }

    static func instant(_ text: String?, _ name: String) throws(APIError) -> Int64? {
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
