import CallStore
import Reports

/// How erasures are told.
enum ErasureText {
    static func progress(_ step: Erasure.Step) -> String {
        switch step {
        case .content: "removing numbers, transcripts, summaries and recipients"
        case .copies: "removing bodies as they came, job reasons and dead jobs"
        case .upstream: "asking ElevenLabs to delete the conversations"
        case .files: "removing export files that name the caller"
        case .database: "writing the database anew"
        case .done: "done"
        }
    }

    static func json(_ erasure: Erasure) -> JSONValue {
        let report = erasure.report
        return .fields(
            ("erasure", .integer(erasure.id.number)),
            ("caller", .text(erasure.object)),
            ("by", .text(erasure.person)),
            ("requested", .text(TimeText.iso(milliseconds: erasure.requestedMilliseconds))),
            (
                "finished",
                .optional(erasure.finishedMilliseconds.map(TimeText.iso(milliseconds:)))
            ),
            ("step", .text(erasure.step.rawValue)),
            ("calls", .count(report.calls)),
            ("recipients", .count(report.recipients)),
            ("bodies", .count(report.bodies)),
            ("deadJobs", .count(report.deadJobs)),
            ("files", .list(report.files.map { .text($0) })),
            ("upstreamAsked", .count(report.upstream)),
            ("upstreamWaiting", .count(erasure.upstreamWaiting)),
            (
                "sentTo",
                .list(
                    report.sentTo.map { recipient in
                        .fields(
                            ("kind", .text(recipient.kind)),
                            ("person", .text(recipient.person)),
                            ("at", .text(TimeText.iso(milliseconds: recipient.atMilliseconds))),
                            ("what", .text(recipient.what))
                        )
                    }
                )
            )
        )
    }

    static func report(_ erasure: Erasure, variants: [CallerVariant]) -> String {
        let report = erasure.report
        var lines = [
            "erased \(report.calls) calls, \(report.recipients) recipients, \(report.bodies) bodies,"
                + " \(report.deadJobs) dead jobs, \(report.files.count) export files",
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
