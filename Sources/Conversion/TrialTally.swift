import CallStore

/// What has been counted of the calls so far.
struct TrialTally {
    private struct Cell: Hashable {
        var judge: String
        var verdict: Ternary
        var stratum: String
    }

    private struct Content {
        var calls = 0
        var labelled = 0
        var conversions = 0
    }

    let strata: LabelStrata
    let labels: [CallID: Ternary]
    let entries: [CallID: LabelEntry]
    private var seen: Set<CallID> = []
    private var cells: [Cell: Content] = [:]
    private var tables: [String: [Ternary: JudgeReport.Counts]] = [:]
    private var criteria: Set<String> = []
    private var disagreements: [RuleTrial.Disagreement] = []

    init(strata: LabelStrata, labels: [CallID: Ternary], entries: [CallID: LabelEntry]) {
        self.strata = strata
        self.labels = labels
        self.entries = entries
    }

    /// Labelled calls that were not among those looked at.
    var unseen: [CallID] {
        labels.keys.filter { !seen.contains($0) }.sorted { $0.number < $1.number }
    }

    /// `drawnBy` makes the strata of the sample; nil for a call outside of its range.
    mutating func add(_ call: CallToJudge, drawnBy: LabelStrata?) {
        let facts = CallFacts(call)
        let id = call.call.id
        let label = labels[id]
        if label != nil { seen.insert(id) }
        let stratum = entries[id]?.stratum ?? drawnBy?.stratum(of: facts).rawValue
        for (judge, verdict) in verdicts(facts) {
            if let stratum, drawnBy != nil {
                let cell = Cell(judge: judge, verdict: verdict, stratum: stratum)
                var content = cells[cell] ?? Content()
                content.calls += 1
                if entries[id] != nil, let label, label != .unknown {
                    content.labelled += 1
                    if label == .yes { content.conversions += 1 }
                }
                cells[cell] = content
            }
            guard let label, label != .unknown else { continue }
            var counts = tables[judge, default: [:]][verdict] ?? JudgeReport.Counts()
            if label == .yes { counts.yes += 1 } else { counts.no += 1 }
            tables[judge, default: [:]][verdict] = counts
            let isOff = judge == "rule" && verdict != label
            if isOff, disagreements.count < RuleTrial.disagreementsMax {
                disagreements.append(
                    RuleTrial.Disagreement(
                        call: id,
                        conversationID: call.call.record.identity.conversationID,
                        verdict: verdict,
                        label: label
                    )
                )
            }
        }
    }

    private mutating func verdicts(_ facts: CallFacts) -> [(String, Ternary)] {
        func truth(_ word: String?) -> Ternary {
            switch word {
            case "success": .yes
            case "failure": .no
            default: .unknown
            }
        }
        for criterion in facts.criteria ?? [] where criteria.count < RuleTrial.criteriaMax {
            criteria.insert(criterion.id)
        }
        return [("rule", strata.verdict(on: facts)), ("call_successful", truth(facts.successful))]
            + criteria.map { id in
                ("criterion \(id)", truth(facts.criteria?.first { $0.id == id }?.result))
            }
    }

    func trial(sample: LabelSampleID?) -> RuleTrial {
        var trial = RuleTrial(type: strata.type, ruleVersion: strata.rules.version)
        trial.sample = sample
        trial.labelled = labels.values.count { $0 != .unknown }
        trial.cannotTell = labels.values.count { $0 == .unknown }
        trial.disagreements = disagreements
        let names = ["rule", "call_successful"] + criteria.sorted().map { "criterion \($0)" }
        trial.judges = names.map { name in
            var report = JudgeReport(name: name)
            report.table = tables[name] ?? [:]
            report.cells = cells.filter { $0.key.judge == name }
                .sorted {
                    ($0.key.verdict.rawValue, $0.key.stratum)
                        < ($1.key.verdict.rawValue, $1.key.stratum)
                }
                .map { cell, content in
                    LabelledCell(
                        verdict: cell.verdict,
                        stratum: cell.stratum,
                        calls: content.calls,
                        labelled: content.labelled,
                        conversions: content.conversions
                    )
                }
            if !report.cells.isEmpty { report.measurement = Measurement(report.cells) }
            return report
        }
        if sample != nil { trial.labelsToGo = Measurement.labelsToGo(trial.rule.cells) }
        return trial
    }
}
