import Attribution
import CallStore
import Foundation

extension CallFilter {
    private enum Direction: String, CaseIterable {
        case inbound
        case outbound
    }

    private enum Outcome: String, CaseIterable {
        case success
        case failure
        case unknown
        case pending
    }

    private enum Verdict: String, CaseIterable {
        case yes
        case no
        case unknown
    }

    /// Which calls an address is about; its fields are those of the Calls page, too.
    ///
    /// Days are those of the zone, `to` is the last one that counts.
    init(_ query: Query, in zone: TimeZone) throws(APIError) {
        self.init(
            fromUnix: try Self.instant(query.text("from"), "from", zone, isEnd: false),
            toUnix: try Self.instant(query.text("to"), "to", zone, isEnd: true),
            agentID: try query.text("agent"),
            status: try query.text("status"),
            outcome: try query.word("outcome", as: Outcome.self)?.rawValue,
            conversion: try query.word("conversion", as: Verdict.self)
                .flatMap { Ternary(rawValue: $0.rawValue) },
            direction: try query.word("direction", as: Direction.self)
                .flatMap { CallDirection(rawValue: $0.rawValue) },
            search: try query.text("search", lengthMax: 200).map(Self.withPlus),
            tag: try query.text("tag", lengthMax: 200).map(Self.tag)
        )
        switch try query.text("campaign") {
        case nil: break
        case "none": campaign = .unattributed
        case let text?:
            guard let number = Int64(text), number > 0 else {
                throw APIError(.badRequest, "campaign must be a campaign's id, or none.")
            }
            campaign = .one(CampaignID(number))
        }
    }

    /// A tag as it is written anywhere.
    static func tag(_ text: String) throws(APIError) -> CallTag {
        guard let tag = CallTag(text) else {
            throw APIError(.badRequest, "This is no tag: \(CallTag.rule).")
        }
        return tag
    }

    /// A whole number, or a time with its zone, whose plus stood in an address as it is, where it
    /// means a space.
    private static func withPlus(_ text: String) -> String {
        if let time = text.wholeMatch(of: /(.*T.*) (\d\d:\d\d)/) { return "\(time.1)+\(time.2)" }
        return text.wholeMatch(of: #/ (\d[\d ()-]*)/#).map { "+\($0.1)" } ?? text
    }

    /// A day such as 2026-05-31, or an instant by RFC 3339.
    static func instant(
        _ text: String?,
        _ name: String,
        _ zone: TimeZone,
        isEnd: Bool
    ) throws(APIError) -> Int64? {
        guard let text = text.map(withPlus) else { return nil }
        if let unix = RFC3339.unix(text), (-100_000_000_000...100_000_000_000).contains(unix) {
            return unix
        }
        guard let day = LocalDay(text) else {
            throw APIError(.badRequest, "\(name) must be a day such as 2026-05-31, or RFC 3339.")
        }
        let (year, month, number) = (isEnd ? day + 1 : day).parts
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let date = calendar.date(
            from: DateComponents(year: year, month: month, day: number)
        )
        guard let date else { throw APIError(.badRequest, "\(name) is no day.") }
        return Int64(date.timeIntervalSince1970)
    }

    static let parameters: [Endpoint.Parameter] = [
        .init(name: "from", schema: .text, meaning: "First day, or an instant by RFC 3339."),
        .init(name: "to", schema: .text, meaning: "Last day, or an instant that counts no more."),
        .init(name: "agent", schema: .text, meaning: "Only calls of this agent."),
        .init(name: "campaign", schema: .text, meaning: "A campaign's id, or none."),
        .init(name: "outcome", schema: .word(Outcome.self), meaning: "How the call went."),
        .init(name: "status", schema: .text, meaning: "The upstream's word."),
        .init(name: "conversion", schema: .word(Verdict.self), meaning: "What it was worth."),
        .init(name: "direction", schema: .word(Direction.self), meaning: "Who called."),
        .init(name: "tag", schema: .bounded(0...200), meaning: "A tag that the calls have."),
        .init(
            name: "search",
            schema: .bounded(0...200),
            meaning: "Words of transcript, summary or title, an id or a number."
        ),
    ]
}
