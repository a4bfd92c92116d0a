import CallStore
import Reports

/// How erasures are told.
enum ErasureText {
    static func report(_ erasure: Erasure, variants: [CallerVariant]) -> String {
        let report = erasure.report
        var lines = [
            erasure.removed,
            "ElevenLabs was asked to delete \(report.upstream) conversations, and has yet to answer"
                + " for \(erasure.upstreamWaiting); `ringback caller erasures` tells",
        ]
        for recipient in report.sentTo {
            lines.append(
                "to be told: \(recipient.person) was given \(recipient.what) at "
                    + TimeText.iso(milliseconds: recipient.atMilliseconds)
            )
        }
        lines += variants.map(\.line)
        lines.append("backups hold what they held: see docs/privacy.md")
        return lines.joined(separator: "\n") + "\n"
    }

    static func table(_ erasures: [Erasure]) -> Table {
        var table = Table(
            .init("ERASURE", .right),
            .init("REQUESTED"),
            .init("BY"),
            .init("STEP"),
            .init("CALLS", .right),
            .init("RECIPIENTS", .right),
            .init("FILES", .right),
            .init("UPSTREAM")
        )
        for erasure in erasures {
            let asked = erasure.report.upstream
            table.add(
                "\(erasure.id)",
                TimeText.iso(milliseconds: erasure.requestedMilliseconds),
                erasure.person,
                erasure.step.rawValue,
                "\(erasure.report.calls)",
                "\(erasure.report.recipients)",
                "\(erasure.report.files.count)",
                erasure.upstreamWaiting == 0
                    ? "\(asked) asked" : "\(erasure.upstreamWaiting) of \(asked) waiting"
            )
        }
        return table
    }
}
