import CallStore
import Foundation
import Reports

extension PageDesk {
    /// Calls by filters, in the columns and the order that the address asks for.
    func calls(_ query: PageQuery) async throws -> Page {
        let agents = try await store.agentNames()
        let campaigns = try await store.campaignNames()
        var view = try await choices(query, agents, campaigns)
        let columns = query.columns
        let order = query.order
        let found = try await store.callList(
            filter(query),
            order,
            // One that no page gave begins the list.
            after: query["cursor"].flatMap { CallListCursor(text: $0, order) },
            limit: WebLimits.pageRows
        )
        view["rows"] = found.calls.map {
            CallRow($0, words, query, agents: agents, columns: columns).view
        }
        view["columns"] = columns.map { head($0, order, query) }
        view["picks"] = canWrite
        view["labelTypes"] = try await store.ruleTypes().map { type -> View in ["type": type] }
        if let next = found.next {
            view["nextHref"] = query.link(nil, ["cursor": next.text(order)])
        }
        if query["cursor"] != nil { view["firstHref"] = query.link() }
        view["nextText"] = order.column == .time && !order.isReversed ? "Older calls" : "More calls"
        view["firstText"] =
            order.column == .time && !order.isReversed ? "Newest" : "From the beginning"
        if let newest = found.newest {
            view["cutText"] = "In order are the newest \(PageWords.count(newest)) of these calls."
        }
        view["outcomeOptions"] = Self.options(
            ["success", "failure", "unknown", "pending"],
            query["outcome"]
        )
        view["conversionOptions"] = Self.options(["yes", "no", "unknown"], query["conversion"])
        let tags = try await store.tags().map(\.text)
        view["tags"] = tags.map { tag -> View in ["tag": tag] }
        view["tagOptions"] = Self.options(
            tags + (query.tag.map { tags.contains($0.text) ? [] : [$0.text] } ?? []),
            query.tag?.text
        )
        view["searchFields"] = query.fields(without: Self.filters)
        view["search"] = query["q"] ?? ""
        view.merge(chooser(query, columns)) { $1 }
        view["exportBody"] = exportBody(query)
        view["exportText"] = exportText(query)
        view.merge(try await part("views") { try await views() }) { $1 }
        view.merge(try await emptiness(query, isEmpty: found.calls.isEmpty)) { $1 }
        return Page(template: .calls, title: "Calls", view: view)
    }

    /// What asks for an export of the calls that this address shows.
    private func exportBody(_ query: PageQuery) -> String {
        let filter = filter(query)
        func day(_ unix: Int64?) -> StoredValue? {
            unix.map { .text(ISOTime.text(milliseconds: $0 * 1_000)) }
        }
        var body: [String: StoredValue] = [:]
        body["from"] = day(filter.fromUnix)
        body["to"] = day(filter.toUnix)
        body["agent"] = filter.agentID.map { .text($0) }
        body["outcome"] = filter.outcome.map { .text($0) }
        body["conversion"] = filter.conversion.map { .text($0.rawValue) }
        body["search"] = filter.search.map { .text($0) }
        body["tag"] = filter.tag.map { .text($0.text) }
        switch filter.campaign {
        case .one(let id): body["campaign"] = .integer(id.number)
        case .unattributed: body["unattributed"] = .bool(true)
        case nil: break
        }
        return JSONValue(.object(body)).rendered(indented: false)
    }

    /// Which filters an export of this view follows, in words.
    private func exportText(_ query: PageQuery) -> String {
        let names = applied(query)
        return names.isEmpty ? "" : ", with this \(names.joined(separator: ", "))"
    }

    /// A column's head: a link to this order, and to the opposite one where it holds.
    private func head(_ column: CallColumn, _ order: CallListOrder, _ query: PageQuery) -> View {
        var view: View = [
            "name": column.rawValue, "label": column.label, "isNumber": column.isNumber,
        ]
        guard column == .time || column.sort != nil else { return view }
        var next = CallListOrder(column: column)
        if order.column == column {
            next.isReversed = !order.isReversed
            view["sorted"] = order.isRising ? "ascending" : "descending"
            view["arrow"] = order.isRising ? "▲" : "▼"
        }
        view["sortHref"] = query.link(nil, ["sort": next.text])
        return view
    }

    private func chooser(_ query: PageQuery, _ columns: [CallColumn]) -> View {
        [
            "columnFields": query.fields(without: ["columns"]),
            "columnChoices": CallColumn.allCases.filter { $0 != .time }.map { column -> View in
                [
                    "id": column.rawValue, "label": column.label,
                    "checked": columns.contains(column),
                ]
            },
        ]
    }

    /// Why there is nothing to see, and what filters there are to drop.
    private func emptiness(_ query: PageQuery, isEmpty: Bool) async throws -> View {
        let drops = applied(query)
        var view: View = [
            "isFiltered": !drops.isEmpty,
            "clearHref": query.link(
                nil,
                Dictionary(uniqueKeysWithValues: Self.filters.map { ($0, nil) })
            ),
        ]
        guard isEmpty else { return view }
        let last = try await store.calls(CallFilter(), limit: 1).calls.first
        view["emptyText"] =
            drops.isEmpty
            ? "No calls in these days."
                + (last.map { " Last call \(words.time($0.startedUnix))." } ?? "")
            : "No calls in these days with this \(drops.joined(separator: ", "))."
        return view
    }

    private func filter(_ query: PageQuery) -> CallFilter {
        let (from, to) = query.days(today: words.today)
        return CallFilter(
            fromUnix: from.map(words.start),
            toUnix: words.start(of: to + 1),
            agentID: query["agent"],
            campaign: query.campaign,
            outcome: query["outcome"],
            conversion: query["conversion"].flatMap { Ternary(rawValue: $0) },
            search: query["q"].map { String($0.prefix(Self.searchMax)) },
            tag: query.tag
        )
    }

    /// Filters that leave something out, in words; what is no tag, for one, is no filter.
    private func applied(_ query: PageQuery) -> [String] {
        let filter = filter(query)
        return Self.filters
            .filter { name in
                switch name {
                case "q": filter.search != nil
                case "agent": filter.agentID != nil
                case "campaign": filter.campaign != nil
                case "outcome": filter.outcome != nil
                case "conversion": filter.conversion != nil
                default: filter.tag != nil
                }
            }
            .map { $0 == "q" ? "search" : $0 }
    }

    /// Filters of this page, in the order in which they are named.
    private static let filters = ["q", "agent", "campaign", "outcome", "conversion", "tag"]

    /// Characters of a search, as many as the API takes.
    private static let searchMax = 200

    static func options(_ values: [String], _ chosen: String?) -> [View] {
        values.map { ["value": $0, "label": $0, "selected": $0 == chosen] }
    }
}

extension PageQuery {
    /// The columns that are chosen, the start always first.
    var columns: [CallColumn] {
        let chosen = self.all("columns").flatMap { $0.split(separator: ",") }
            .compactMap { CallColumn(rawValue: String($0)) }
        guard !chosen.isEmpty else { return CallColumn.usual }
        return CallColumn.allCases.filter { $0 == .time || chosen.contains($0) }
    }

    /// The tag that is asked for; nil for what is none.
    var tag: CallTag? { self["tag"].flatMap { CallTag($0) } }

    /// The order that is asked for; the usual one where that is none.
    var order: CallListOrder {
        self["sort"].flatMap { CallListOrder(word: $0) } ?? CallListOrder()
    }
}
