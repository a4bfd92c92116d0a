import CallStore
import Foundation
import Hosting
import Reports
import Telemetry

/// Shows the calls of a sample to a person, one after the other, and takes the labels.
struct LabelQueue {
    let store: CallStore
    let sample: LabelSampleID
    let person: String
    let zone: TimeZone

    /// The next call alone; null when none is left.
    func json() async throws -> JSONValue {
        guard let task = try await store.nextLabel(of: sample, for: person),
            let call = try await store.call(task.call)
        else { return .null }
        return .fields(
            ("sample", .text(sample.text)),
            ("type", .text(task.type)),
            ("left", .count(task.left)),
            ("conversation", .text(call.record.identity.conversationID)),
            ("started", .optional(call.record.startedUnix.map(TimeText.iso(unix:)))),
            ("durationSeconds", .optional(call.record.durationSeconds)),
            ("language", .optional(call.record.language)),
            (
                "transcript",
                .list(
                    call.transcript.map { turn in
                        .fields(
                            ("seconds", .count(turn.secondsIn)),
                            ("speaker", .text(turn.speaker.rawValue)),
                            ("message", .optional(turn.message.map { LogMask().masked($0) })),
                            (
                                "tools",
                                .list(turn.toolResults.map { .text(Self.text($0)) })
                            )
                        )
                    }
                )
            )
        )
    }

    /// Asks until the person ends it, or nothing is left.
    func ask(_ terminal: Terminal) async throws {
        var labelled = 0
        while let task = try await store.nextLabel(of: sample, for: person),
            let call = try await store.call(task.call)
        {
            terminal.write(Self.text(call, task, zone: zone))
            guard let answer = try answer(task, terminal) else { break }
            let label = ManualLabel(
                type: task.type,
                label: answer.label,
                person: person,
                note: answer.note
            )
            try await store.write { [sample] writer in
                try writer.label(task.call, label, isBlind: true, sample: sample)
            }
            labelled += 1
        }
        let left = try await store.nextLabel(of: sample, for: person)?.left ?? 0
        terminal.line("\(labelled) labelled, \(left) left for you")
    }

    private struct Answer {
        var label: Ternary
        var note: String?
    }

    /// Wrong keys in a row that are asked for again.
    private static let repeatsMax = 20

    /// Nil when the person ends it.
    private func answer(_ task: LabelTask, _ terminal: Terminal) throws(StartFailure) -> Answer? {
        for _ in 0..<Self.repeatsMax {
            terminal.complain("is it a conversion (\(task.type))? [y/n/u/q] ")
            guard let line = terminal.readLine() else {
                throw StartFailure(
                    .wrongUse,
                    "nobody can be asked; `labels next --json` and `labels set --blind` do without"
                )
            }
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            let note = words.count > 1 ? words[1] : nil
            switch words.first?.lowercased() {
            case "y", "yes": return Answer(label: .yes, note: note)
            case "n", "no": return Answer(label: .no, note: note)
            case "u", "unknown": return Answer(label: .unknown, note: note)
            case "q", "quit": return nil
            default: terminal.complain("y is yes, n is no, u cannot be told, q ends\n")
            }
        }
        return nil
    }

    private static func text(_ call: Call, _ task: LabelTask, zone: TimeZone) -> String {
        let record = call.record
        let started = record.startedUnix.map { TimeText.short(unix: $0, in: zone) } ?? "-"
        let length = record.durationSeconds.map { "\($0) s" } ?? "-"
        var text = "\n\(record.identity.conversationID)  \(started)  \(length)  \(task.left) left\n"
        for turn in call.transcript {
            if let message = turn.message {
                let who = turn.speaker == .caller ? "Caller" : "Agent "
                text += "  \(turn.secondsIn) s \(who): \(LogMask().masked(message))\n"
            }
            for result in turn.toolResults {
                text += "  \(turn.secondsIn) s \(Self.text(result))\n"
            }
        }
        return text + (call.transcript.isEmpty ? "  (no transcript)\n" : "")
    }

    private static func text(_ result: ToolResult) -> String {
        "tool \(result.name) \(result.isError ? "failed" : "answered")"
    }
}

/// Labels as the commands show them.
enum LabelText {
    static func json(_ label: LabelReading) -> JSONValue {
        .fields(
            ("conversation", .text(label.conversationID)),
            ("started", .text(TimeText.iso(unix: label.startedUnix))),
            ("type", .text(label.type)),
            ("label", .text(label.label.rawValue)),
            ("by", .text(label.person)),
            ("note", .optional(label.note)),
            ("blind", .bool(label.isBlind)),
            ("sample", .optional(label.sample?.text)),
            ("at", .text(TimeText.iso(milliseconds: label.atMilliseconds)))
        )
    }

    static func table(_ labels: [LabelReading]) -> Table {
        var table = Table(
            .init("CONVERSATION"),
            .init("TYPE"),
            .init("LABEL"),
            .init("BY"),
            .init("BLIND"),
            .init("AT"),
            .init("NOTE")
        )
        for label in labels {
            table.add(
                label.conversationID,
                label.type,
                label.label.rawValue,
                label.person,
                label.isBlind ? "yes" : "no",
                TimeText.iso(milliseconds: label.atMilliseconds),
                label.note ?? ""
            )
        }
        return table
    }
}
