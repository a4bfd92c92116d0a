import CallStore
import PhoneNumbers
import Reports

extension PageDesk {
    /// What erasing the caller of a call would take, and what would stay.
    func erasure(_ call: Call) async throws -> View {
        guard let caller = call.record.caller?.identity else {
            return ["nobody": "Nothing is kept by which this caller could be found."]
        }
        guard try await !store.openErasures().contains(where: { $0.caller == caller }) else {
            return ["begun": "This caller is being erased."]
        }
        let known = try await store.caller(caller)
        return [
            "offer": true, "word": ErasureEndpoints.word,
            "calls": PageWords.count(known.calls, "call"),
            "recipients": PageWords.count(known.recipients.count, "recipient"),
        ]
    }

    /// What became of an erasure: what went, what is still to do, and who is to be told.
    func outcome(_ erasure: Erasure) -> View {
        let report = erasure.report
        var facts: [(String, String)] = [
            (
                "Asked for",
                "\(words.time(erasure.requestedMilliseconds / 1_000)) by \(erasure.person)"
            ),
            (
                "Done",
                erasure.finishedMilliseconds.map { words.time($0 / 1_000) }
                    ?? "not yet: \(erasure.step.words)"
            ),
            ("Calls", PageWords.count(report.calls)),
            ("Recipients", PageWords.count(report.recipients)),
            ("Bodies as they came", PageWords.count(report.bodies)),
            ("Dead jobs", PageWords.count(report.deadJobs)),
            (
                "Export files",
                report.files.isEmpty ? "none" : report.files.joined(separator: ", ")
            ),
            ("At ElevenLabs", Self.upstream(erasure)),
        ]
        facts += report.sentTo.map { recipient in
            (
                "To be told",
                "\(recipient.person) was given \(recipient.what) at "
                    + words.time(recipient.atMilliseconds / 1_000)
            )
        }
        return [
            "erasure": "\(erasure.id)", "caller": erasure.object,
            "isDone": erasure.step == .done,
            "facts": facts.map { ["label": $0.0, "value": $0.1] as View },
        ]
    }

    private static func upstream(_ erasure: Erasure) -> String {
        let asked = PageWords.count(erasure.report.upstream, "conversation")
        return erasure.upstreamWaiting == 0
            ? "asked to delete \(asked), all answered"
            : "asked to delete \(asked), \(PageWords.count(erasure.upstreamWaiting)) not answered yet"
    }
}
