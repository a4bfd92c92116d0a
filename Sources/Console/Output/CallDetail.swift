import CallStore
import Foundation
import PhoneNumbers
import Telemetry

/// One call with everything around it.
struct CallDetail {
    private let call: Call
    private let campaign: Campaign?
    private let history: [AttributionChange]
    private let verdicts: [Verdict]
    private let provenance: CallProvenance

    init(_ call: Call, in store: CallStore) async throws {
        self.call = call
        if let id = call.attribution?.decision.campaign {
            campaign = try await store.campaign(id)
        } else {
            campaign = nil
        }
        provenance = try await store.provenance(of: call.id)
        history = try await store.attributionHistory(of: call.id, limit: 100)
        if let version = call.conversion?.ruleVersion {
            verdicts = try await store.verdicts(of: call.id, ruleVersion: version)
        } else {
            verdicts = []
        }
    }

    private func caller(_ showNumbers: Bool) -> String? {
        guard let caller = call.record.caller else { return nil }
        let text = caller.e164?.text ?? caller.sipUser ?? caller.raw
        return text.isEmpty ? nil : CallText.number(text, showNumbers: showNumbers)
    }

    /// What was said, with spoken numbers masked like all others.
    private func words(_ turn: Turn, _ showNumbers: Bool) -> String? {
        guard let message = turn.message else { return nil }
        return showNumbers ? message : LogMask().masked(message)
    }

    /// Evidence can quote numbers, too.
    private func evidence(_ fields: [String: StoredValue], _ showNumbers: Bool) -> JSONValue {
        masked(JSONValue(.object(fields)), showNumbers)
    }

    private func masked(_ value: JSONValue, _ showNumbers: Bool) -> JSONValue {
        guard !showNumbers else { return value }
        switch value {
        case .text(let text): return .text(LogMask().masked(text))
        case .list(let values): return .list(values.map { masked($0, showNumbers) })
        case .object(let fields):
            return .object(
                fields.map { .init(name: $0.name, value: masked($0.value, showNumbers)) }
            )
        default: return value
        }
    }

    // MARK: JSON

    func json(showNumbers: Bool) -> JSONValue {
        let record = call.record
        return .fields(
            ("id", .integer(call.id.number)),
            ("conversation", .text(record.identity.conversationID)),
            ("workspace", .text(record.identity.workspace)),
            ("agent", .text(record.agentID)),
            ("agentName", .optional(record.agentName)),
            ("status", .text(record.status.word)),
            ("started", .optional(record.startedUnix.map(TimeText.iso(unix:)))),
            ("durationSeconds", .optional(record.durationSeconds)),
            ("channel", .optional(record.channel?.rawValue)),
            ("direction", .optional(record.direction?.rawValue)),
            ("caller", .optional(caller(showNumbers))),
            ("callerClass", .optional(record.caller?.kind.rawValue)),
            ("outcome", .text(record.callSuccessful ?? "pending")),
            ("language", .optional(record.language)),
            ("summary", .optional(record.summary)),
            ("attribution", attributionJSON(showNumbers)),
            ("history", .list(history.map { historyJSON($0, showNumbers) })),
            ("conversion", conversionJSON),
            ("archive", archiveJSON),
            ("verdicts", .list(verdicts.map { verdictJSON($0, showNumbers) })),
            (
                "transcript",
                .list(
                    call.transcript.map { turn in
                        .fields(
                            ("seconds", .count(turn.secondsIn)),
                            ("speaker", .text(turn.speaker.rawValue)),
                            ("message", .optional(words(turn, showNumbers)))
                        )
                    }
                )
            )
        )
    }

    /// How the call came here, what changed since, and how long the upstream has it.
    private var archiveJSON: JSONValue {
        func instant(_ milliseconds: Int64?) -> JSONValue {
            .optional(milliseconds.map { TimeText.iso(milliseconds: $0) })
        }
        return .fields(
            ("arrivedBy", .optional(provenance.arrival?.rawValue)),
            ("webhook", instant(provenance.webhookMilliseconds)),
            ("changedLater", instant(provenance.correctedMilliseconds)),
            ("goneUpstream", instant(provenance.goneMilliseconds)),
            ("upstreamExpires", .optional(call.record.deletionUnix.map(TimeText.iso(unix:)))),
            (
                "changes",
                .list(
                    provenance.changes.map { change in
                        .fields(
                            ("at", .text(TimeText.iso(milliseconds: change.seenMilliseconds))),
                            ("field", .text(change.field)),
                            ("before", JSONValue(change.value))
                        )
                    }
                )
            )
        )
    }

    private var archiveLine: String {
        var parts = ["by \(provenance.arrival?.rawValue ?? "an older version")"]
        if !provenance.changes.isEmpty {
            let fields = Set(provenance.changes.map(\.field)).sorted().joined(separator: ", ")
            parts.append("changed later: \(fields)")
        }
        if let gone = provenance.goneMilliseconds {
            parts.append("deleted upstream \(TimeText.iso(milliseconds: gone))")
        } else if let expires = call.record.deletionUnix {
            parts.append("upstream copy expires \(TimeText.iso(unix: expires))")
        }
        return parts.joined(separator: "; ")
    }

    private func attributionJSON(_ showNumbers: Bool) -> JSONValue {
        guard let attribution = call.attribution else { return .null }
        let decision = attribution.decision
        return .fields(
            ("campaignID", decision.campaign.map { .integer($0.number) } ?? .null),
            ("campaign", .optional(campaign?.name)),
            ("method", .text(decision.method.rawValue)),
            ("confidence", .optional(decision.confidence)),
            ("reason", .optional(decision.reason)),
            ("pinned", .bool(attribution.isPinned)),
            ("by", .text(attribution.decidedBy)),
            ("at", .text(TimeText.iso(milliseconds: attribution.decidedAtMilliseconds))),
            ("evidence", evidence(decision.evidence, showNumbers))
        )
    }

    private func historyJSON(_ change: AttributionChange, _ showNumbers: Bool) -> JSONValue {
        .fields(
            ("at", .text(TimeText.iso(milliseconds: change.atMilliseconds))),
            ("by", .text(change.by)),
            ("campaignBefore", change.campaignBefore.map { .integer($0.number) } ?? .null),
            ("campaign", change.campaign.map { .integer($0.number) } ?? .null),
            ("method", .text(change.method.rawValue)),
            ("note", .optional(change.note)),
            ("evidence", evidence(change.evidence, showNumbers))
        )
    }

    private var conversionJSON: JSONValue {
        guard let conversion = call.conversion else { return .null }
        return .fields(
            ("outcome", .text(conversion.outcome.rawValue)),
            ("type", .optional(conversion.type)),
            ("rules", .optional(conversion.ruleOutcome?.rawValue)),
            ("needsReview", .bool(conversion.needsReview)),
            ("note", .optional(conversion.note)),
            ("at", .text(TimeText.iso(milliseconds: conversion.judgedAtMilliseconds)))
        )
    }

    private func verdictJSON(_ verdict: Verdict, _ showNumbers: Bool) -> JSONValue {
        .fields(
            ("type", .text(verdict.type)),
            ("outcome", .text(verdict.outcome.rawValue)),
            ("rule", .text(verdict.echo)),
            ("evidence", .list(verdict.evidence.map { masked(JSONValue($0), showNumbers) }))
        )
    }

    // MARK: Text

    func text(zone: TimeZone, showNumbers: Bool) -> String {
        let record = call.record
        var lines = [
            "\(record.identity.conversationID)  \(record.status.word)"
                + (record.startedUnix.map { "  " + TimeText.short(unix: $0, in: zone) } ?? "")
                + (record.durationSeconds.map { "  " + CallText.length($0) } ?? ""),
            "agent      \(record.agentName ?? record.agentID)",
            "caller     \(caller(showNumbers) ?? record.caller?.kind.rawValue ?? "unknown")",
            "outcome    \(record.callSuccessful ?? "pending")",
            "campaign   \(campaignLine)",
            "conversion \(conversionLine)",
            "archive    \(archiveLine)",
        ]
        if let summary = record.summary { lines.append("summary    \(summary)") }
        for verdict in verdicts {
            lines.append("  \(verdict.type): \(verdict.outcome.rawValue) (\(verdict.echo))")
            for fact in verdict.evidence {
                let value = masked(JSONValue(fact), showNumbers)
                lines.append("    \(value.rendered(indented: false))")
            }
        }
        lines.append("")
        for turn in call.transcript {
            guard let words = words(turn, showNumbers) else { continue }
            let who = turn.speaker == .caller ? "caller" : "agent "
            lines.append("\(CallText.length(turn.secondsIn))  \(who)  \(words)")
        }
        return lines.map { Self.plain($0) + "\n" }.joined()
    }

    private var campaignLine: String {
        guard let attribution = call.attribution else { return "not looked at yet" }
        let decision = attribution.decision
        let name = campaign?.name ?? "none"
        let why = decision.reason ?? decision.confidence ?? ""
        return "\(name) (\(decision.method.rawValue)\(why.isEmpty ? "" : ", \(why)"), by "
            + "\(attribution.decidedBy))"
    }

    private var conversionLine: String {
        guard let conversion = call.conversion else { return "not judged yet" }
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
