import CallStore

extension PageDesk {
    /// How soon recipients called, counted from the delivery, for a campaign's page.
    func response(_ campaign: CampaignID) async throws -> View {
        guard let curve = try await store.responseCurve(of: campaign) else {
            return ["none": "Neither a delivery nor a sending to a recipient is known."]
        }
        let since = curve.since == .delivered ? "delivery" : "sending"
        var view: View = [
            "since": since, "takeaway": Self.takeaway(curve, since),
            "rows": curve.days.map { day -> View in
                [
                    "day": "\(day.day)", "first": "\(day.calledFirst)",
                    "called": "\(day.calledByThen)", "old": "\(day.reachedBefore)",
                    "share": PageWords.share(day.calledByThen, of: curve.recipients),
                    "value": "\(Double(day.calledByThen) / Double(curve.recipients) * 100)",
                ]
            },
            "hasDays": !curve.days.isEmpty,
        ]
        if curve.since == .sent {
            view["note"] = "Counted from the sending: no delivery was reported."
        }
        return view
    }

    private static func takeaway(_ curve: ResponseCurve, _ since: String) -> String {
        let reached = PageWords.count(curve.recipients, "recipient")
        guard let last = curve.days.last, last.calledByThen > 0 else {
            return "None of \(reached) has called yet."
        }
        let half = curve.days.first { $0.calledByThen * 2 >= last.calledByThen } ?? last
        return "\(PageWords.share(last.calledByThen, of: curve.recipients)) of \(reached) called "
            + "by day \(last.day) after the \(since), half of those by day \(half.day)."
    }
}
