import CallStore
import Foundation
import PhoneNumbers
import Reports

/// One call with everything around it, for people.
struct CallDetail {
    private let document: CallDocument

    init(_ call: Call, in store: CallStore) async throws {
        document = try await CallDocument(call, in: store)
    }

    func json(showNumbers: Bool) -> JSONValue { document.json(showNumbers: showNumbers) }

    func text(zone: TimeZone, showNumbers: Bool) -> String {
        let call = document.call
        let record = call.record
        var lines = [
            "\(record.identity.conversationID)  \(record.status.word)"
                + (record.startedUnix.map { "  " + TimeText.short(unix: $0, in: zone) } ?? "")
                + (record.durationSeconds.map { "  " + CallText.length($0) } ?? ""),
            "agent      \(record.agentName ?? record.agentID)",
            "caller     \(document.caller(showNumbers) ?? record.caller?.kind.rawValue ?? "unknown")"
                + (document.isFirstTime.map { $0 ? ", first call" : ", called before" } ?? ""),
            "outcome    \(record.callSuccessful ?? "pending")",
            "campaign   \(campaignLine)",
            "conversion \(conversionLine)",
            "archive    \(archiveLine)",
        ]
        if !document.tags.isEmpty {
            lines.append("tags       \(document.tags.map(\.text).joined(separator: ", "))")
        }
        if let summary = record.summary { lines.append("summary    \(summary)") }
        for verdict in document.verdicts {
            lines.append("  \(verdict.type): \(verdict.outcome.rawValue) (\(verdict.echo))")
            for fact in verdict.evidence {
                let value = document.masked(JSONValue(fact), showNumbers)
                lines.append("    \(value.rendered(indented: false))")
            }
        }
        lines.append("")
        for turn in call.transcript {
            guard let words = document.words(turn, showNumbers) else { continue }
            let who = turn.speaker == .caller ? "caller" : "agent "
            lines.append("\(CallText.length(turn.secondsIn))  \(who)  \(words)")
        }
        return lines.map { Self.plain($0) + "\n" }.joined()
    }

    private var archiveLine: String {
        let provenance = document.provenance
        var parts = ["by \(provenance.arrival?.rawValue ?? "an older version")"]
        if !provenance.changes.isEmpty {
            let fields = Set(provenance.changes.map(\.field)).sorted().joined(separator: ", ")
            parts.append("changed later: \(fields)")
        }
        if let gone = provenance.goneMilliseconds {
            parts.append("deleted upstream \(TimeText.iso(milliseconds: gone))")
        } else if let expires = document.call.record.deletionUnix {
            parts.append("upstream copy expires \(TimeText.iso(unix: expires))")
        }
        return parts.joined(separator: "; ")
    }

    private var campaignLine: String {
        guard let attribution = document.call.attribution else { return "not looked at yet" }
        let decision = attribution.decision
        let name = document.campaign?.name ?? "none"
        let why = decision.reason ?? decision.confidence ?? ""
        return "\(name) (\(decision.method.rawValue)\(why.isEmpty ? "" : ", \(why)"), by "
            + "\(attribution.decidedBy))"
    }

    private var conversionLine: String {
        guard let conversion = document.call.conversion else { return "not judged yet" }
        let type = conversion.type.map { " (\($0))" } ?? ""
        return conversion.outcome.rawValue + type + (conversion.note.map { ": \($0)" } ?? "")
    }

    /// What an upstream wrote must not move a terminal's cursor.
    private static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return result
    }
}
