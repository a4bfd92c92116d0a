import CallStore
import Conversion
import Reports

/// What a trial of rules on labelled calls found.
enum TrialText {
    /// Disagreements that the text names; JSON has all.
    private static let disagreementsShown = 20

    static func json(_ trial: RuleTrial) -> JSONValue {
        .fields(
            ("type", .text(trial.type)),
            ("version", .text(trial.ruleVersion)),
            ("sample", .optional(trial.sample?.text)),
            ("labelled", .count(trial.labelled)),
            ("cannotTell", .count(trial.cannotTell)),
            ("judges", .list(trial.judges.map(json))),
            (
                "agreement",
                .fields(
                    ("calls", .count(trial.agreement.calls)),
                    ("same", .count(trial.agreement.same)),
                    ("kappa", trial.agreement.kappa.map { .number($0) } ?? .null)
                )
            ),
            ("labelsToGo", .optional(trial.labelsToGo)),
            ("advice", .text(trial.advice)),
            (
                "disagreements",
                .list(
                    trial.disagreements.map {
                        .fields(
                            ("conversation", .text($0.conversationID)),
                            ("verdict", .text($0.verdict.rawValue)),
                            ("label", .text($0.label.rawValue))
                        )
                    }
                )
            )
        )
    }

    private static func json(_ report: JudgeReport) -> JSONValue {
        .fields(
            ("judge", .text(report.name)),
            (
                "labelled",
                .list(
                    Ternary.allCases.map { verdict in
                        let counts = report.table[verdict] ?? JudgeReport.Counts()
                        return .fields(
                            ("verdict", .text(verdict.rawValue)),
                            ("yes", .count(counts.yes)),
                            ("no", .count(counts.no))
                        )
                    }
                )
            ),
            ("precisionOfLabelled", json(report.precision)),
            ("recallOfLabelled", json(report.recall)),
            ("precision", json(report.measurement?.precision)),
            ("recall", json(report.measurement?.recall)),
            ("f1", json(report.measurement?.f1)),
            ("unknownCalls", .optional(report.measurement?.unknownCalls)),
            ("unknownConversions", json(report.measurement?.unknownConversions)),
            (
                "cells",
                .list(
                    report.cells.map {
                        .fields(
                            ("verdict", .text($0.verdict.rawValue)),
                            ("stratum", .text($0.stratum)),
                            ("calls", .count($0.calls)),
                            ("labelled", .count($0.labelled)),
                            ("conversions", .count($0.conversions))
                        )
                    }
                )
            )
        )
    }

    private static func json(_ share: Share?) -> JSONValue {
        guard let share else { return .null }
        return .fields(
            ("value", .number(share.value)),
            ("low", .number(share.low)),
            ("high", .number(share.high))
        )
    }

    static func text(_ trial: RuleTrial) -> String {
        var text = "\(trial.type), version \(trial.ruleVersion)\n"
        text += "  \(trial.labelled) labelled calls, \(trial.cannotTell) that nobody could tell\n"
        var table = Table(
            .init("JUDGE"),
            .init("YES/YES", .right),
            .init("YES/NO", .right),
            .init("NO/YES", .right),
            .init("NO/NO", .right),
            .init("?/YES", .right),
            .init("?/NO", .right),
            .init("PRECISION"),
            .init("RECALL"),
            .init("F1")
        )
        for judge in trial.judges {
            let counts = [Ternary.yes, .no, .unknown].flatMap { verdict -> [String] in
                let counts = judge.table[verdict] ?? JudgeReport.Counts()
                return ["\(counts.yes)", "\(counts.no)"]
            }
            let shares: [Share?] = [
                judge.measurement?.precision ?? judge.precision,
                judge.measurement?.recall ?? judge.recall, judge.measurement?.f1,
            ]
            var cells = [judge.name]
            cells += counts
            cells += shares.map { $0?.text ?? "-" }
            table.add(cells)
        }
        text += table.rendered()
        text +=
            trial.sample == nil
            ? "of the labelled calls alone (Wilson); they were not drawn at random\n"
            : "weighted by stratum, 95 %; columns are verdict/label\n"
        if let measured = trial.rule.measurement, measured.unknownCalls > 0 {
            let share = measured.unknownConversions.map { ", \($0.text) of them conversions" } ?? ""
            text += "the rules do not know \(measured.unknownCalls) calls\(share)\n"
        }
        if trial.agreement.calls > 0 {
            let kappa = trial.agreement.kappa.map { ", kappa \(rounded($0))" } ?? ""
            let agreed = "\(trial.agreement.same) of \(trial.agreement.calls)"
            text += "two people agree on \(agreed) calls\(kappa)\n"
        }
        text += trial.advice + "\n"
        for one in trial.disagreements.prefix(disagreementsShown) {
            text +=
                "  \(one.conversationID): the rules say \(one.verdict.rawValue), "
                + "the label says \(one.label.rawValue)\n"
        }
        let more = trial.disagreements.count - disagreementsShown
        if more > 0 { text += "  and \(more) more; --json names them\n" }
        return text
    }

    private static func rounded(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let digits = abs(hundredths) % 100
        let sign = hundredths < 0 ? "-" : ""
        return "\(sign)\(abs(hundredths) / 100).\(digits < 10 ? "0" : "")\(digits)"
    }
}
