package import CallStore

extension Erasure {
    package var json: JSONValue {
        .fields(
            ("erasure", .integer(id.number)),
            ("caller", .text(object)),
            ("by", .text(person)),
            ("requested", .text(ISOTime.text(milliseconds: requestedMilliseconds))),
            ("finished", .optional(finishedMilliseconds.map(ISOTime.text(milliseconds:)))),
            ("step", .text(step.rawValue)),
            ("calls", .count(report.calls)),
            ("recipients", .count(report.recipients)),
            ("bodies", .count(report.bodies)),
            ("deadJobs", .count(report.deadJobs)),
            ("files", .list(report.files.map { .text($0) })),
            ("upstreamAsked", .count(report.upstream)),
            ("upstreamWaiting", .count(upstreamWaiting)),
            (
                "sentTo",
                .list(
                    report.sentTo.map { recipient in
                        .fields(
                            ("kind", .text(recipient.kind)),
                            ("person", .text(recipient.person)),
                            ("at", .text(ISOTime.text(milliseconds: recipient.atMilliseconds))),
                            ("what", .text(recipient.what))
                        )
                    }
                )
            )
        )
    }

    /// What was removed, in a sentence.
    package var removed: String {
        "erased \(report.calls) calls, \(report.recipients) recipients, \(report.bodies) bodies, "
            + "\(report.deadJobs) dead jobs, \(report.files.count) export files"
    }
}

extension Erasure.Step {
    /// What the step does, in words.
    package var words: String {
        switch self {
        case .content: "removing numbers, transcripts, summaries and recipients"
        case .copies: "removing bodies as they came, job reasons and dead jobs"
        case .upstream: "asking ElevenLabs to delete the conversations"
        case .files: "removing export files that name the caller"
        case .database: "writing the database anew"
        case .done: "done"
        }
    }
}
