import CallStore
import Hummingbird
import HummingbirdCore

/// The state of a page, as it stands in its address: a link is a view.
struct PageQuery: Sendable {
    /// Days that a page is about, by name.
    enum Range: String, CaseIterable, Sendable {
        case today
        case week = "7d"
        case fourWeeks = "28d"
        case month
        case quarter = "90d"
        case year = "365d"
        case all

        var label: String {
            switch self {
            case .today: "Today"
            case .week: "7 days"
            case .fourWeeks: "28 days"
            case .month: "Month"
            case .quarter: "90 days"
            case .year: "Year"
            case .all: "All"
            }
        }

        /// The key that chooses it.
        var key: String {
            switch self {
            case .today: "d"
            case .week: "w"
            case .fourWeeks: "t"
            case .month: "m"
            case .year: "y"
            case .quarter, .all: ""
            }
        }

        /// Its first day, when it ends with a day; nil for the beginning of all.
        func first(until last: LocalDay) -> LocalDay? {
            switch self {
            case .today: last
            case .week: last + -6
            case .fourWeeks: last + -27
            case .month: last + (1 - last.parts.day)
            case .quarter: last + -89
            case .year: last + -364
            case .all: nil
            }
        }
    }

    let path: String
    private(set) var items: [(name: String, value: String)]

    init(path: String, items: [(name: String, value: String)] = []) {
        self.path = path
        self.items = items.filter { !$0.value.isEmpty }
    }

    init(_ request: Request) {
        self.init(
            path: request.uri.path,
            items: FormFields(request).items
        )
    }

    /// The state of a page from the part of its address behind the question mark.
    init(path: String, query: String) {
        self.init(path: path, items: FormFields(query).items)
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// Every value of a name, in order.
    func all(_ name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    /// The chosen range; nil when the days are given one by one.
    var range: Range? {
        if self["from"].flatMap({ LocalDay($0) }) != nil { return nil }
        return self["range"].flatMap { Range(rawValue: $0) } ?? usual
    }

    /// A campaign is looked at as a whole: what was sent lies before the calls.
    private var usual: Range {
        path.hasPrefix("/campaigns/") || path.hasPrefix("/funnel") ? .all : .fourWeeks
    }

    /// The days shown, both included; open at the beginning for all.
    func days(today: LocalDay) -> (from: LocalDay?, to: LocalDay) {
        guard let range else {
            let from = self["from"].flatMap { LocalDay($0) } ?? today
            let to = self["to"].flatMap { LocalDay($0) } ?? today
            return (min(from, to), max(from, to))
        }
        return (range.first(until: today), today)
    }

    /// As many days before those shown; nil unless a comparison is asked for.
    func before(today: LocalDay) -> ClosedRange<LocalDay>? {
        let (from, to) = days(today: today)
        guard self["compare"] != "off", let from else { return nil }
        let length = to.number - from.number + 1
        // Whole weeks, so that the same weekdays stand against each other.
        let shift = self["compare"] == "weekday" ? (length + 6) / 7 * 7 : length
        return (from + (-shift))...(to + (-shift))
    }

    func scope(today: LocalDay) -> FigureScope {
        let (from, to) = days(today: today)
        return FigureScope(
            from: from,
            to: to,
            agentID: self["agent"],
            campaign: campaign,
            includesVoice: self["voice"] == "1"
        )
    }

    var campaign: CallFilter.CampaignChoice? {
        switch self["campaign"] {
        case "none": .unattributed
        case let text?: Int64(text).map { .one(CampaignID($0)) }
        case nil: nil
        }
    }

    /// What of the state goes along from page to page.
    static let shared = ["range", "from", "to", "compare", "agent", "campaign", "voice"]

    /// Where a page goes on, and the row that is open: of no other view.
    private static let fleeting = ["cursor", "open"]

    /// The address of this page, or another one with the shared state, with some of it changed.
    func link(_ other: String? = nil, _ changes: [String: String?] = [:]) -> String {
        var kept = items.filter { other == nil || Self.shared.contains($0.name) }
        kept.removeAll { changes.keys.contains($0.name) || Self.fleeting.contains($0.name) }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value { kept.append((name, value)) }
        }
        let query = kept.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }
        return (other ?? path) + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// Hidden fields that keep the state in a form which sets some names itself.
    func fields(without names: [String]) -> [View] {
        items.filter { !names.contains($0.name) && !Self.fleeting.contains($0.name) }.map {
            ["name": $0.name, "value": $0.value]
        }
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
