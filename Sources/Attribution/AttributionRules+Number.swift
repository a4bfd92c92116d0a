import CallStore
import PhoneNumbers

/// What the caller's number says.
enum NumberVerdict {
    case credited(AttributionDecision)
    case refused(UnattributedReason, [String: StoredValue])
}

/// A recipient whose window was open, with the touches that opened it first and last.
struct WindowHit {
    var match: RecipientMatch
    var firstUnix: Int64
    var lastUnix: Int64
}

/// Ranks 4 and 5: the caller's number, or a declared variant of it, is a recipient's.
extension AttributionRules {
    func byNumber(_ facts: AttributionFacts) -> NumberVerdict {
        if let reason = Self.reasonWithoutNumber(facts) { return .refused(reason, [:]) }
        let known = facts.candidates.filter { match in
            Self.isEligible(match.campaign, for: facts)
                && (match.variant != nil || facts.caller?.e164 != nil)
        }
        let candidates = known.filter { !$0.recipient.isHeldOut }
        guard !candidates.isEmpty else {
            return known.isEmpty
                ? .refused(.noRecipient, [:])
                : .refused(.heldOut, ["candidates": Self.ids(known)])
        }
        let sameLine = candidates.filter { match in
            match.recipient.phone?.phoneExtension == facts.caller?.phoneExtension
        }
        guard !sameLine.isEmpty else {
            return .refused(.otherExtension, ["candidates": Self.ids(candidates)])
        }
        // The same number goes before a variant of it, whoever was reached last.
        for isVariant in [false, true] {
            let hits = sameLine.filter { ($0.variant != nil) == isVariant }
                .compactMap { Self.hit($0, facts) }
            if !hits.isEmpty { return lastTouch(hits, facts) }
        }
        return .refused(
            .outsideWindow,
            ["candidates": Self.ids(sameLine)]
                .merging(Self.nearest(sameLine, facts)) { first, _ in first }
        )
    }

    static func hit(_ match: RecipientMatch, _ facts: AttributionFacts) -> WindowHit? {
        let days = match.campaign.windowDays(atUnix: facts.startedUnix)
        let length = Int64(days) * secondsPerDay
        var hit: WindowHit?
        for start in match.windowStarts {
            // A call before the touch is never credited; the window ends with its last second.
            guard start <= facts.startedUnix, facts.startedUnix - start < length else { continue }
            hit = WindowHit(match: match, firstUnix: hit?.firstUnix ?? start, lastUnix: start)
        }
        return hit
    }

    private func lastTouch(_ hits: [WindowHit], _ facts: AttributionFacts) -> NumberVerdict {
        var latest: [CampaignID: Int64] = [:]
        var first: (unix: Int64, campaign: CampaignID)?
        for hit in hits {
            let campaign = hit.match.campaign.id
            latest[campaign] = max(latest[campaign] ?? .min, hit.lastUnix)
            let isEarlier = first.map {
                (hit.firstUnix, campaign.number) < ($0.unix, $0.campaign.number)
            }
            if isEarlier ?? true { first = (hit.firstUnix, campaign) }
        }
        // Ordered by the id too, so that the order of the candidates never shows.
        let ranked = latest.sorted { ($0.value, $0.key.number) > ($1.value, $1.key.number) }
        guard let (campaign, touchUnix) = ranked.first else { return .refused(.noRecipient, [:]) }
        let tied = ranked.filter { isSameDay($0.value, touchUnix) }
        guard tied.count == 1 else {
            return .refused(
                .tie,
                [
                    "campaigns": .list(tied.map(\.key.number).sorted().map { .integer($0) }),
                    "touch": .integer(touchUnix),
                ]
            )
        }
        var decision = Self.credit(
            hits.filter { $0.match.campaign.id == campaign },
            touchUnix: touchUnix,
            facts
        )
        if let first, first.campaign != campaign {
            decision.evidence["firstTouchCampaign"] = .integer(first.campaign.number)
            decision.evidence["firstTouch"] = .integer(first.unix)
        }
        return .credited(decision)
    }

    private static func credit(
        _ winners: [WindowHit],
        touchUnix: Int64,
        _ facts: AttributionFacts
    ) -> AttributionDecision {
        let recipients = Set(winners.map(\.match.recipient.id))
        // A household: the campaign is certain, the person is not.
        let isHousehold = recipients.count > 1
        var evidence: [String: StoredValue] = [
            "touch": .integer(touchUnix),
            "daysSinceTouch": .integer((facts.startedUnix - touchUnix) / secondsPerDay),
        ]
        if let campaign = winners.first?.match.campaign {
            let days = campaign.windowDays(atUnix: facts.startedUnix)
            evidence["windowDays"] = .integer(Int64(days))
        }
        if isHousehold {
            evidence["candidates"] = ids(winners.map(\.match))
            if recipients.count > candidatesListed {
                evidence["candidateCount"] = .integer(Int64(recipients.count))
            }
        }
        let variant = winners.compactMap(\.match.variant).min()
        if let variant { evidence["variant"] = .text(variant) }
        return AttributionDecision(
            campaign: winners.first?.match.campaign.id,
            recipient: isHousehold ? nil : recipients.first,
            method: variant == nil ? .exactNumber : .numberVariant,
            confidence: "strong",
            reason: nil,
            evidence: evidence,
            ruleVersion: version
        )
    }

    private static func reasonWithoutNumber(_ facts: AttributionFacts) -> UnattributedReason? {
        guard let caller = facts.caller else { return .noPhone }
        if caller.e164 != nil { return nil }
        switch caller.kind {
        case .withheld: return .withheld
        case .sipUser: return .sipUser
        case .none: return .noPhone
        case .e164, .short, .invalid:
            // A spelling of old that is no number any more may be a declared variant of one.
            return facts.candidates.contains { $0.variant != nil } ? nil : .invalid
        }
    }

    /// Whether a campaign can have caused the call at all.
    static func isEligible(_ campaign: Campaign, for facts: AttributionFacts) -> Bool {
        guard campaign.workspace == facts.workspace, campaign.status != .draft else {
            return false
        }
        // Of the calls that we make ourselves only a calling campaign is the cause.
        return facts.direction != .outbound || campaign.channel == .call
    }

    /// The touch closest to the call, before or after it.
    private static func nearest(
        _ matches: [RecipientMatch],
        _ facts: AttributionFacts
    ) -> [String: StoredValue] {
        let starts = matches.flatMap(\.windowStarts)
        guard
            let touch = starts.min(by: { left, right in
                let distances = [left, right].map { abs($0 - facts.startedUnix) }
                return (distances[0], left) < (distances[1], right)
            })
        else { return [:] }
        return ["touch": .integer(touch)]
    }

    /// The ids of recipients, in order; of many, the first.
    private static func ids(_ matches: [RecipientMatch]) -> StoredValue {
        let ids = Set(matches.map(\.recipient.id.number)).sorted()
        return .list(ids.prefix(candidatesListed).map { .integer($0) })
    }
}
