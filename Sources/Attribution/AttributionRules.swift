package import CallStore
package import Foundation
import PhoneNumbers

/// Decides which campaign caused a call, and says on what evidence.
///
/// A pure function: the same facts give the same decision. Ranks 2 and 4 of the ladder; a person's
/// pin (rank 1) stands above it and is the store's to keep.
package struct AttributionRules: Sendable {
    /// Raised with every change of these rules that can change a decision.
    package static let version = "attribution-1"

    private static let secondsPerDay: Int64 = 24 * 60 * 60

    /// The zone whose days decide what a same-day tie is.
    private let calendar: Calendar

    /// - Parameter timeZone: The zone of the reports.
    package init(timeZone: TimeZone) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        self.calendar = calendar
    }

    package func decide(_ facts: AttributionFacts) -> AttributionDecision {
        if let named = facts.named { return credit(named, facts) }
        if let reason = Self.reasonWithoutNumber(facts) { return Self.nobody(reason) }
        let candidates = facts.candidates.filter { Self.isEligible($0.campaign, for: facts) }
        guard !candidates.isEmpty else { return Self.nobody(.noRecipient) }
        let sameLine = candidates.filter { match in
            match.recipient.phone?.phoneExtension == facts.caller?.phoneExtension
        }
        guard !sameLine.isEmpty else {
            return Self.nobody(
                .otherExtension,
                evidence: ["candidates": Self.ids(candidates)]
            )
        }
        let hits = sameLine.compactMap { hit($0, facts) }
        guard !hits.isEmpty else {
            return Self.nobody(
                .outsideWindow,
                evidence: ["candidates": Self.ids(sameLine)]
                    .merging(Self.nearest(sameLine, facts)) { first, _ in first }
            )
        }
        return lastTouch(hits, facts)
    }

    // MARK: Rank 2: the call names its campaign

    private func credit(_ named: NamedCampaign, _ facts: AttributionFacts) -> AttributionDecision {
        var evidence: [String: StoredValue] = [:]
        let method: AttributionMethod
        var recipient = named.recipient
        switch named.source {
        case .batch(let id):
            method = .batchRecipient
            evidence["batchRecipient"] = .text(id)
        case .dynamicVariable(let name):
            method = .dynamicVariable
            evidence["variable"] = .text(name)
            // Anybody can set the variables of a web conversation: good for a label, not for who.
            if facts.channel != .phone { recipient = nil }
        }
        return AttributionDecision(
            campaign: named.campaign,
            recipient: recipient,
            method: method,
            confidence: "certain",
            reason: nil,
            evidence: evidence,
            ruleVersion: Self.version
        )
    }

    // MARK: Rank 4: the caller's number is a recipient's

    /// A recipient whose window was open, with the touch that opened it last.
    private struct Hit {
        var match: RecipientMatch
        var touchUnix: Int64
    }

    private func hit(_ match: RecipientMatch, _ facts: AttributionFacts) -> Hit? {
        let length = Int64(match.campaign.windowDays) * Self.secondsPerDay
        // A call before the touch is never credited; the window ends with its last second.
        let open = match.windowStarts.filter { start in
            start <= facts.startedUnix && facts.startedUnix - start < length
        }
        return open.max().map { Hit(match: match, touchUnix: $0) }
    }

    private func lastTouch(_ hits: [Hit], _ facts: AttributionFacts) -> AttributionDecision {
        var latest: [CampaignID: Int64] = [:]
        for hit in hits {
            let campaign = hit.match.campaign.id
            latest[campaign] = max(latest[campaign] ?? .min, hit.touchUnix)
        }
        // Ordered by the id too, so that the order of the candidates never shows.
        let ranked = latest.sorted { ($0.value, $0.key.number) > ($1.value, $1.key.number) }
        guard let (campaign, touchUnix) = ranked.first else { return Self.nobody(.noRecipient) }
        let tied = ranked.filter { isSameDay($0.value, touchUnix) }
        guard tied.count == 1 else {
            return Self.nobody(
                .tie,
                evidence: [
                    "campaigns": .list(tied.map(\.key.number).sorted().map { .integer($0) }),
                    "touch": .integer(touchUnix),
                ]
            )
        }
        let winners = hits.filter { $0.match.campaign.id == campaign }
        return credit(winners, touchUnix: touchUnix, facts)
    }

    private func credit(
        _ winners: [Hit],
        touchUnix: Int64,
        _ facts: AttributionFacts
    ) -> AttributionDecision {
        let recipients = Set(winners.map(\.match.recipient.id))
        // A household: the campaign is certain, the person is not.
        let isHousehold = recipients.count > 1
        var evidence: [String: StoredValue] = [
            "touch": .integer(touchUnix),
            "daysSinceTouch": .integer((facts.startedUnix - touchUnix) / Self.secondsPerDay),
        ]
        if let campaign = winners.first?.match.campaign {
            evidence["windowDays"] = .integer(Int64(campaign.windowDays))
        }
        if isHousehold { evidence["candidates"] = Self.ids(winners.map(\.match)) }
        return AttributionDecision(
            campaign: winners.first?.match.campaign.id,
            recipient: isHousehold ? nil : recipients.first,
            method: .exactNumber,
            confidence: "strong",
            reason: nil,
            evidence: evidence,
            ruleVersion: Self.version
        )
    }

    private func isSameDay(_ left: Int64, _ right: Int64) -> Bool {
        calendar.isDate(
            Date(timeIntervalSince1970: TimeInterval(left)),
            inSameDayAs: Date(timeIntervalSince1970: TimeInterval(right))
        )
    }

    // MARK: Rank 7: nobody

    private static func reasonWithoutNumber(_ facts: AttributionFacts) -> UnattributedReason? {
        guard let caller = facts.caller else { return .noPhone }
        if caller.e164 != nil { return nil }
        switch caller.kind {
        case .withheld: return .withheld
        case .sipUser: return .sipUser
        case .none: return .noPhone
        case .e164, .short, .invalid: return .invalid
        }
    }

    /// Whether a campaign can have caused the call at all.
    private static func isEligible(_ campaign: Campaign, for facts: AttributionFacts) -> Bool {
        guard campaign.workspace == facts.workspace, campaign.status != .draft else {
            return false
        }
        // Of the calls that we make ourselves only a calling campaign is the cause.
        return facts.direction != .outbound || campaign.channel == .call
    }

    private static func nobody(
        _ reason: UnattributedReason,
        evidence: [String: StoredValue] = [:]
    ) -> AttributionDecision {
        AttributionDecision(
            campaign: nil,
            recipient: nil,
            method: .none,
            confidence: nil,
            reason: reason.rawValue,
            evidence: evidence,
            ruleVersion: version
        )
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

    /// The ids of recipients, in order.
    private static func ids(_ matches: [RecipientMatch]) -> StoredValue {
        .list(Set(matches.map(\.recipient.id.number)).sorted().map { .integer($0) })
    }
}
