import CallStore
import Conversion

extension PageDesk {
    /// What there is to measure, and how good the rules are where the address asks for it.
    ///
    /// That reads every call of the newest sample's range, so it is not done unasked.
    func measured(_ query: PageQuery) async throws -> View {
        let types = try await store.ruleTypes()
        var view: View = [
            "measures": types.map { type -> View in
                [
                    "type": type, "href": query.link(nil, ["measure": type]),
                    "active": query["measure"] == type,
                ]
            },
            "hasMeasures": !types.isEmpty,
        ]
        let desk = RuleDesk(parts: parts)
        guard let type = query["measure"], types.contains(type) else { return view }
        guard let rules = try await desk.inUse(), rules.types.contains(type) else {
            view["trial"] = ["none": "The rules in use do not decide \(type)."] as View
            return view
        }
        let trial = try await desk.trial(of: rules, type: type)
        guard trial.labelled > 0 else {
            view["trial"] = ["none": "No call has a label of \(type) yet."] as View
            return view
        }
        view["trial"] = self.view(of: trial, query)
        return view
    }

    private static let disagreementsShown = 20

    private func view(of trial: RuleTrial, _ query: PageQuery) -> View {
        [
            "kind": trial.type,
            "takeaway": PageWords.count(trial.labelled, "labelled call") + ", "
                + "\(PageWords.count(trial.cannotTell)) that nobody could tell; " + trial.advice
                + ".",
            "isDouble": trial.agreement.calls > 0,
            "agreement": trial.agreement.calls == 0
                ? ""
                : "Two people labelled \(PageWords.count(trial.agreement.calls)) of them, and said "
                    + "the same of \(PageWords.count(trial.agreement.same)).",
            "judges": trial.judges.map(Self.view),
            "disagreements": trial.disagreements.prefix(Self.disagreementsShown).map {
                one -> View in
                [
                    "href": query.link("/calls/\(one.call.number)"),
                    "conversation": one.conversationID, "verdict": one.verdict.rawValue,
                    "label": one.label.rawValue,
                ]
            },
            "hasDisagreements": !trial.disagreements.isEmpty,
        ]
    }

    private static func view(_ judge: JudgeReport) -> View {
        let title =
            switch judge.name {
            case "rule": "The rules in use"
            case "call_successful": "ElevenLabs, call_successful"
            default: "ElevenLabs, \(judge.name)"
            }
        return [
            "title": title,
            "rows": [(Ternary.yes, "says yes"), (.no, "says no"), (.unknown, "does not know")]
                .map { verdict, label -> View in
                    let counts = judge.table[verdict] ?? JudgeReport.Counts()
                    return [
                        "label": label, "yes": PageWords.count(counts.yes),
                        "no": PageWords.count(counts.no),
                    ]
                },
            // Of the labelled calls as if all had been drawn alike, and weighted by the sample.
            "precision": judge.precision?.text ?? "–", "recall": judge.recall?.text ?? "–",
            "weighedPrecision": judge.measurement?.precision?.text ?? "–",
            "weighedRecall": judge.measurement?.recall?.text ?? "–",
        ]
    }
}
