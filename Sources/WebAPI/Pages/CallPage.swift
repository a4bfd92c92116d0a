import CallStore
import Definitions
import ElevenLabs
import Foundation
import Hummingbird
import PhoneNumbers

extension PageDesk {
    // MARK: One call

    /// One call with everything that is known of it.
    func call(_ query: PageQuery, _ id: String?) async throws -> Page {
        guard let number = id.flatMap({ Int64($0) }),
            let call = try await store.call(CallID(number))
        else { throw APIError(.notFound, "There is no such call.") }
        let record = call.record
        let campaigns = try await store.campaignNames()
        var verdicts: [Verdict] = []
        if let version = call.conversion?.ruleVersion {
            verdicts = try await store.verdicts(of: call.id, ruleVersion: version)
        }
        let provenance = try await store.provenance(of: call.id)
        let history = try await store.attributionHistory(of: call.id, limit: 50)
        let exclusion = try await store.exclusion(of: call.id)
        let isFirst = try await store.isFirstTimeCaller(call.id)
        let transcript = TranscriptPart(
            call.transcript,
            verdicts,
            chosen: query["rule"],
            words
        )
        let choices = transcript.choices { query.link(nil, ["rule": $0]) }
        var view: View = [
            "id": "\(number)", "conversation": record.identity.conversationID,
            "facts": facts(call, isFirst),
            "turns": transcript.views,
            "ruleChoices": choices, "hasRules": !choices.isEmpty,
            "hasTurns": !call.transcript.isEmpty,
            "verdicts": verdicts.map(verdict),
            "labels": try await store.labels(of: call.id).map { label -> View in
                var view: View = [
                    "type": label.type, "label": label.label.rawValue, "person": label.person,
                ]
                if let note = label.note, !note.isEmpty { view["note"] = note }
                return view
            },
            "criteria": (record.criteria ?? []).map { criterion -> View in
                [
                    "id": criterion.id, "result": criterion.result,
                    "rationale": words.spoken(criterion.rationale ?? ""),
                ]
            },
            "attribution": attribution(call, campaigns),
            "history": history.reversed().map { change -> View in
                [
                    "at": words.time(change.atMilliseconds / 1_000), "by": change.by,
                    "before": change.campaignBefore.flatMap { campaigns[$0] } ?? "none",
                    "after": change.campaign.flatMap { campaigns[$0] } ?? "none",
                    "method": change.method.words, "note": change.note ?? "",
                    "hasNote": change.note?.isEmpty == false,
                ]
            },
            "changes": provenance.changes.map { change -> View in
                [
                    "field": change.field,
                    "at": words.time(change.seenMilliseconds / 1_000),
                ]
            },
            "arrival": provenance.arrival?.rawValue ?? "unknown way",
            "campaignOptions": campaigns.sorted { $0.value < $1.value }.map { id, name -> View in
                ["value": "\(id.number)", "label": name]
            },
            "isConverted": call.conversion?.outcome == .yes,
            "conversion": call.conversion.map {
                $0.outcome == .yes ? $0.type ?? "yes" : $0.outcome.rawValue
            } ?? "not judged",
            "rawHref": "/api/v1/calls/\(number)",
            "revision": "\(call.revision.attribution)",
        ]
        view["tags"] = CallRow.tags(try await store.tags(of: call.id), query)
        view["knownTags"] = try await store.tags().map { tag -> View in ["tag": tag.text] }
        if let exclusion { view["exclusion"] = exclusion.reason.rawValue }
        if canChange { view["erasure"] = try await erasure(call) }
        if rights >= .admin, let erasure = try await store.erasure(of: record.identity) {
            view["erased"] = outcome(erasure)
        }
        if let summary = record.summary { view["summary"] = words.spoken(summary) }
        // A rule's words stand with its verdict.
        if let note = call.conversion?.note, !verdicts.contains(where: { $0.echo == note }) {
            view["conversionNote"] = note
        }
        let title =
            record.title.map(words.spoken) ?? "Call of \(words.time(record.startedUnix ?? 0))"
        return Page(template: .call, title: title, view: view)
    }

    private func facts(_ call: Call, _ isFirst: Bool?) -> [View] {
        let record = call.record
        var facts: [View] = []
        func add(_ label: String, _ value: String?) {
            if let value { facts.append(["label": label, "value": value]) }
        }
        add("Start", record.startedUnix.map(words.time))
        add("Duration", PageWords.duration(record.durationSeconds))
        add("Outcome", CallRow.outcome(record.callSuccessful))
        add(
            "Caller",
            PageWords.caller(record.caller?.e164?.text, kind: record.caller?.kind.rawValue)
                + (isFirst.map { $0 ? ", first call" : ", called before" } ?? "")
        )
        add("Direction", record.direction?.rawValue)
        add("Agent", record.agentName ?? record.agentID)
        add("Status", record.status.word)
        add("Language", record.language)
        add("Cost", record.costDollars.map { PageWords.money($0) } ?? "not delivered")
        add("Credits", record.costCredits.map { PageWords.count(Int($0)) })
        add("Rating", record.rating.map { String(format: "%.0f of 5", $0) })
        add("Mood, estimated", record.sentiment)
        let tags = record.tags?.joined(separator: ", ") ?? ""
        add("Tags at ElevenLabs", tags.isEmpty ? nil : tags)
        add("Ended by", record.terminationReason)
        add("Kept upstream until", record.deletionUnix.map(words.time))
        return facts
    }

    private func verdict(_ verdict: Verdict) -> View {
        [
            "type": verdict.type, "outcome": verdict.outcome.rawValue, "echo": verdict.echo,
            "isYes": verdict.outcome == .yes,
            "evidence": verdict.evidence.map { item -> View in
                guard case .object(let fields) = item else { return ["detail": "\(item)"] }
                var view: View = ["detail": Self.text(fields["detail"])]
                let rule = Self.text(fields["rule"])
                if !rule.isEmpty { view["rule"] = rule }
                if case .integer(let turn)? = fields["turn"] { view["turn"] = "\(turn)" }
                if case .integer(let second)? = fields["seconds"] {
                    view["at"] = PageWords.duration(Int(second))
                }
                return view
            },
        ]
    }

    static func text(_ value: StoredValue?) -> String {
        switch value {
        case .text(let text)?: text
        case .integer(let number)?: "\(number)"
        case .number(let number)?: plain(number)
        case .bool(let flag)?: flag ? "yes" : "no"
        case nil, .null?: ""
        case .list?, .object?: "…"
        }
    }

    private func attribution(_ call: Call, _ campaigns: [CampaignID: String]) -> View {
        guard let found = call.attribution else { return ["none": "Not decided yet."] }
        let decision = found.decision
        var view: View = [
            "method": found.isPinned ? "by hand" : decision.method.words,
            "by": found.decidedBy, "at": words.time(found.decidedAtMilliseconds / 1_000),
            "evidence": decision.evidence.sorted { $0.key < $1.key }.map { key, value -> View in
                ["key": Self.spaced(key), "value": evidence(key, value, campaigns)]
            },
        ]
        if let campaign = decision.campaign {
            view["campaign"] = campaigns[campaign] ?? "\(campaign)"
            view["href"] = "/campaigns/\(campaign.number)"
        } else {
            view["reason"] = ReasonWords.text(decision.reason ?? "unknown")
        }
        return view
    }

    /// `Days since touch` of `daysSinceTouch`.
    private static func spaced(_ key: String) -> String {
        key.prefix(1).uppercased()
            + key.dropFirst().flatMap { $0.isUppercase ? " " + $0.lowercased() : "\($0)" }
    }

    /// Instants among the evidence are shown as such, and campaigns by name.
    private func evidence(
        _ key: String,
        _ value: StoredValue,
        _ campaigns: [CampaignID: String]
    ) -> String {
        if key == "firstTouchCampaign", case .integer(let number) = value {
            return campaigns[CampaignID(number)] ?? Self.text(value)
        }
        if case .integer(let number) = value, number > 1_000_000_000 { return words.time(number) }
        return Self.text(value)
    }
}

/// Why a call is credited to nobody, in words.
enum ReasonWords {
    static func text(_ reason: String) -> String {
        switch reason {
        case "withheld": "the number is withheld"
        case "invalid": "there is no valid number"
        case "no-recipient": "no recipient has the number"
        case "outside-window": "outside of every window"
        case "tie": "two campaigns at once"
        default: reason.replacingOccurrences(of: "-", with: " ")
        }
    }
}
