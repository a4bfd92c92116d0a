package import CallStore
import PhoneNumbers
import Telemetry

/// One call with everything around it, as programs read it.
package struct CallDocument: Sendable {
    package let call: Call
    package let campaign: Campaign?
    package let provenance: CallProvenance
    package let verdicts: [Verdict]
    private let history: [AttributionChange]
    private let exclusion: Exclusion?
    package let tags: [CallTag]

    /// Whether no earlier call of the caller is known; nil without a number.
    package let isFirstTime: Bool?

    /// Changes of its campaign that are shown.
    private static let changesMax = 100

    package init(_ call: Call, in store: CallStore) async throws(StoreError) {
        self.call = call
        if let id = call.attribution?.decision.campaign {
            campaign = try await store.campaign(id)
        } else {
            campaign = nil
        }
        provenance = try await store.provenance(of: call.id)
        history = try await store.attributionHistory(of: call.id, limit: Self.changesMax)
        if let version = call.conversion?.ruleVersion {
            verdicts = try await store.verdicts(of: call.id, ruleVersion: version)
        } else {
            verdicts = []
        }
        exclusion = try await store.exclusion(of: call.id)
        tags = try await store.tags(of: call.id)
        isFirstTime = try await store.isFirstTimeCaller(call.id)
    }

    /// The caller, readable or masked; nil when nothing is known.
    package func caller(_ showNumbers: Bool) -> String? {
        guard let caller = call.record.caller else { return nil }
        let text = caller.e164?.text ?? caller.sipUser ?? caller.raw
        return text.isEmpty ? nil : CallSummary.number(text, showNumbers: showNumbers)
    }

    /// What was said, with spoken numbers masked like all others.
    package func words(_ turn: Turn, _ showNumbers: Bool) -> String? {
        turn.message.map { spoken($0, showNumbers) }
    }

    private func spoken(_ text: String, _ showNumbers: Bool) -> String {
        showNumbers ? text : LogMask().masked(text)
    }

    /// Evidence can quote numbers, too.
    private func evidence(_ fields: [String: StoredValue], _ showNumbers: Bool) -> JSONValue {
        masked(JSONValue(.object(fields)), showNumbers)
    }

    package func masked(_ value: JSONValue, _ showNumbers: Bool) -> JSONValue {
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

    package func json(showNumbers: Bool) -> JSONValue {
        let record = call.record
        return .fields(
            ("id", .integer(call.id.number)),
            ("conversation", .text(record.identity.conversationID)),
            ("workspace", .text(record.identity.workspace)),
            ("agent", .text(record.agentID)),
            ("agentName", .optional(record.agentName)),
            ("status", .text(record.status.word)),
            ("started", .optional(record.startedUnix.map(ISOTime.text(unix:)))),
            ("durationSeconds", .optional(record.durationSeconds)),
            ("channel", .optional(record.channel?.rawValue)),
            ("direction", .optional(record.direction?.rawValue)),
            ("caller", .optional(caller(showNumbers))),
            ("callerClass", .optional(record.caller?.kind.rawValue)),
            ("firstTimeCaller", isFirstTime.map { .bool($0) } ?? .null),
            ("outcome", .text(record.callSuccessful ?? "pending")),
            ("language", .optional(record.language)),
            ("title", .optional(record.title.map { spoken($0, showNumbers) })),
            ("summary", .optional(record.summary.map { spoken($0, showNumbers) })),
            ("revision", .integer(call.revision.attribution)),
            ("attribution", attributionJSON(showNumbers)),
            ("history", .list(history.map { historyJSON($0, showNumbers) })),
            ("conversion", conversionJSON),
            ("exclusion", exclusionJSON),
            ("tags", .list(tags.map { .text($0.text) })),
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
            .optional(milliseconds.map { ISOTime.text(milliseconds: $0) })
        }
        return .fields(
            ("arrivedBy", .optional(provenance.arrival?.rawValue)),
            ("webhook", instant(provenance.webhookMilliseconds)),
            ("changedLater", instant(provenance.correctedMilliseconds)),
            ("goneUpstream", instant(provenance.goneMilliseconds)),
            ("upstreamExpires", .optional(call.record.deletionUnix.map(ISOTime.text(unix:)))),
            (
                "changes",
                .list(
                    provenance.changes.map { change in
                        .fields(
                            ("at", .text(ISOTime.text(milliseconds: change.seenMilliseconds))),
                            ("field", .text(change.field)),
                            ("before", JSONValue(change.value))
                        )
                    }
                )
            )
        )
    }

    private var exclusionJSON: JSONValue {
        guard let exclusion else { return .null }
        return .fields(
            ("reason", .text(exclusion.reason.rawValue)),
            ("by", .text(exclusion.person)),
            ("note", .optional(exclusion.note)),
            ("at", .text(ISOTime.text(milliseconds: exclusion.atMilliseconds)))
        )
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
            ("at", .text(ISOTime.text(milliseconds: attribution.decidedAtMilliseconds))),
            ("evidence", evidence(decision.evidence, showNumbers))
        )
    }

    private func historyJSON(_ change: AttributionChange, _ showNumbers: Bool) -> JSONValue {
        .fields(
            ("at", .text(ISOTime.text(milliseconds: change.atMilliseconds))),
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
            ("at", .text(ISOTime.text(milliseconds: conversion.judgedAtMilliseconds)))
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
}

extension CallSummary {
    /// A number as lists show it.
    package static func number(_ text: String?, showNumbers: Bool) -> String? {
        guard let text else { return nil }
        return showNumbers ? text : PhoneMask.masked(text)
    }

    /// One call of a list, as programs read it.
    package func json(showNumbers: Bool) -> JSONValue {
        .fields(
            ("id", .integer(id.number)),
            ("conversation", .text(conversationID)),
            ("agent", .text(agentID)),
            ("agentName", .optional(agentName)),
            ("status", .text(status.word)),
            ("started", .text(ISOTime.text(unix: startedUnix))),
            ("durationSeconds", .optional(durationSeconds)),
            ("channel", .optional(channel?.rawValue)),
            ("direction", .optional(direction?.rawValue)),
            ("caller", .optional(Self.number(caller, showNumbers: showNumbers))),
            ("callerClass", .optional(callerClass)),
            ("outcome", .text(callSuccessful ?? "pending")),
            ("language", .optional(language)),
            ("campaignID", campaignID.map { .integer($0.number) } ?? .null),
            ("campaign", .optional(campaignName)),
            ("method", .optional(method?.rawValue)),
            ("pinned", .bool(isPinned)),
            ("conversion", .optional(conversion?.rawValue)),
            ("conversionType", .optional(conversionType)),
            ("tags", .list(tags.map { .text($0.text) }))
        )
    }
}
