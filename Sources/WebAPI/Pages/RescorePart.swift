import CallStore
import Conversion

extension PageDesk {
    private static let rescoresShown = 10

    /// The form that judges calls anew by a version, and what became of earlier ones.
    func rescores(by shown: RuleSet?, _ query: PageQuery) async throws -> View {
        let found = try await store.rescores(limit: Self.rescoresShown)
        let days = query.days(today: words.today)
        var view: View = [
            "hasRows": !found.isEmpty,
            "rows": found.map { one -> View in
                var row: View = [
                    "id": one.id.text, "short": String(one.order.version.prefix(12)),
                    "state": one.state.rawValue, "person": one.order.person,
                    "since": words.time(one.createdMilliseconds / 1_000),
                    "done": "\(one.tally.lookedAt)", "size": "\(max(1, one.calls))",
                    "progress": "\(PageWords.count(one.tally.lookedAt)) of "
                        + PageWords.count(one.calls, "call"),
                    "added": PageWords.count(one.tally.added),
                    "withdrawn": PageWords.count(one.tally.withdrawn),
                    "changed": PageWords.count(one.tally.changed),
                    "isRunning": one.state == .running, "isCancelled": one.state == .cancelled,
                ]
                if let left = one.secondsLeft { row["left"] = PageWords.duration(left) }
                return row
            },
        ]
        if let shown, try await store.ruleVersion(shown.version)?.source != nil {
            view["form"] =
                [
                    "version": shown.version, "name": shown.name,
                    "short": String(shown.version.prefix(12)),
                    "from": (days.from ?? days.to).description, "to": days.to.description,
                ] as View
        }
        return view
    }
}
