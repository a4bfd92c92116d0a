import Attribution
import CallStore

extension PageDesk {
    /// Callers whose calls no campaign is credited with, each with what may be right.
    func unattributed(_ query: PageQuery) async throws -> Page {
        let reason = query["reason"]
        let counts = try await store.unattributedCounts()
        let callers = try await store.unattributed(
            reason: reason,
            limit: Self.unattributedCallers
        )
        let campaigns = try await store.campaignNames()
        let desk = AttributionDesk(store: store, timeZone: words.zone)
        // What can be decided at a glance stands first.
        var suggested: [View] = []
        var others: [View] = []
        for caller in callers {
            let suggestions = try await desk.suggestions(for: caller.call)
            let row = row(caller, suggestions, query)
            if suggestions.isEmpty { others.append(row) } else { suggested.append(row) }
        }
        let rows = suggested + others
        let total = counts.reduce(0) { $0 + $1.calls }
        let view: View = [
            "counts": counts.map { count -> View in
                [
                    "label": ReasonWords.text(count.reason),
                    "count": PageWords.count(count.calls), "active": count.reason == reason,
                    "href": query.link(
                        nil,
                        ["reason": count.reason == reason ? nil : count.reason]
                    ),
                ]
            },
            "total": PageWords.count(total),
            "ofWhat": total == 1 ? "call without a campaign" : "calls without a campaign",
            "rows": rows, "isEmpty": rows.isEmpty,
            "isCut": rows.count == Self.unattributedCallers,
            "campaignOptions": campaigns.sorted { $0.value < $1.value }.map { id, name -> View in
                ["value": "\(id.number)", "label": name]
            },
        ]
        return Page(template: .unattributed, title: "Unattributed", view: view)
    }

    /// Callers on one page; each costs a look for suggestions.
    private static let unattributedCallers = 20

    private func row(
        _ caller: UnattributedCaller,
        _ suggestions: [Suggestion],
        _ query: PageQuery
    ) -> View {
        [
            "call": "\(caller.call.number)", "expected": "\(caller.revision)",
            "caller": PageWords.caller(caller.caller, kind: caller.callerClass),
            "calls": PageWords.count(caller.calls, "call"),
            "last": words.time(caller.lastUnix), "reason": ReasonWords.text(caller.reason),
            "href": query.link("/calls/\(caller.call.number)"),
            "suggestions": suggestions.prefix(5).enumerated().map { position, one -> View in
                [
                    "digit": "\(position + 1)", "campaign": "\(one.campaign.number)",
                    "name": one.campaignName, "reason": Self.text(one), "score": "\(one.score)",
                ]
            },
            "hasSuggestions": !suggestions.isEmpty,
        ]
    }

    private static func text(_ suggestion: Suggestion) -> String {
        switch suggestion.reason {
        case .tie: "reached the caller the same day as another"
        case .otherExtension: "a recipient with another extension"
        case .sharedAgentNumber: "advertises the number that was called"
        case .spokenNumber: "its recipient's number was spoken"
        case .otherCall: "another call of this caller"
        case .afterWindow:
            "its window ended \(suggestion.daysLate.map { "\($0) d" } ?? "") before"
        }
    }
}
