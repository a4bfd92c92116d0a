package import CallStore
import PhoneNumbers

/// A campaign that may have caused a call that is credited to nobody; it is never counted.
package struct Suggestion: Sendable, Equatable {
    package enum Reason: String, Sendable, CaseIterable {
        /// It reached the caller on the same day as another.
        case tie

        /// A recipient has the number with another extension.
        case otherExtension = "other-extension"

        /// It advertises the number that was called, and so does another.
        case sharedAgentNumber = "shared-agent-number"

        /// A recipient's number was given in the call.
        case spokenNumber = "spoken-number"

        /// Another call of this caller is credited to it.
        case otherCall = "other-call"

        /// Its window had ended.
        case afterWindow = "after-window"
    }

    package var campaign: CampaignID
    package var campaignName: String

    /// Nil when there are several, or none in particular.
    package var recipient: RecipientID?
    package var reason: Reason

    /// 1 to 100, for the order; no probability.
    package var score: Int

    /// Days by which the call came too late; for `after-window`.
    package var daysLate: Int?
}

/// What may hint at a campaign without being evidence.
package struct SuggestionHints: Sendable, Equatable {
    /// Campaigns that other calls of the caller are credited to.
    package var otherCalls: [Campaign]

    /// Recipients with a number that was given in the call.
    package var spoken: [RecipientMatch]

    package init(otherCalls: [Campaign] = [], spoken: [RecipientMatch] = []) {
        self.otherCalls = otherCalls
        self.spoken = spoken
    }
}

extension AttributionRules {
    /// Suggestions that a person is shown: as many as there are digit keys in reach.
    package static let suggestionsMax = 5

    /// Campaigns that a person may want to credit a call to, the likeliest first.
    ///
    /// Each campaign once; none whose only touch lies after the call.
    package func suggestions(
        _ facts: AttributionFacts,
        hints: SuggestionHints = SuggestionHints()
    ) -> [Suggestion] {
        var found = byNumberOnly(facts) + Self.byAgent(facts) + Self.bySpeech(facts, hints)
        found += hints.otherCalls.filter { Self.isEligible($0, for: facts) }.map {
            Suggestion(
                campaign: $0.id,
                campaignName: $0.name,
                recipient: nil,
                reason: .otherCall,
                score: 65
            )
        }
        found.sort { ($0.score, $1.campaign.number) > ($1.score, $0.campaign.number) }
        var seen: Set<CampaignID> = []
        return Array(found.filter { seen.insert($0.campaign).inserted }.prefix(Self.suggestionsMax))
    }

    /// What the caller's number says, where that is not enough.
    private func byNumberOnly(_ facts: AttributionFacts) -> [Suggestion] {
        let candidates = facts.candidates.filter {
            Self.isEligible($0.campaign, for: facts) && !$0.recipient.isHeldOut
        }
        let onAgentNumber = Set(Self.runningOnAgentNumber(facts).map(\.id))
        return Self.byCampaign(candidates).compactMap { matches in
            guard let campaign = matches.first?.campaign else { return nil }
            let hits = matches.filter { Self.hit($0, facts) != nil }
            let isSameLine = hits.contains {
                $0.recipient.phone?.phoneExtension == facts.caller?.phoneExtension
            }
            var suggestion = Suggestion(
                campaign: campaign.id,
                campaignName: campaign.name,
                recipient: Self.one(hits.isEmpty ? matches : hits),
                reason: isSameLine ? .tie : .otherExtension,
                score: (isSameLine ? 90 : 80) + (onAgentNumber.contains(campaign.id) ? 5 : 0)
            )
            if hits.isEmpty {
                guard let late = Self.daysLate(matches, facts) else { return nil }
                suggestion.reason = .afterWindow
                suggestion.daysLate = late
                suggestion.score = max(10, 60 - late)
            }
            return suggestion
        }
    }

    private static func byAgent(_ facts: AttributionFacts) -> [Suggestion] {
        runningOnAgentNumber(facts).map {
            Suggestion(
                campaign: $0.id,
                campaignName: $0.name,
                recipient: nil,
                reason: .sharedAgentNumber,
                score: 75
            )
        }
    }

    private static func bySpeech(
        _ facts: AttributionFacts,
        _ hints: SuggestionHints
    ) -> [Suggestion] {
        let spoken = hints.spoken.filter {
            isEligible($0.campaign, for: facts) && !$0.recipient.isHeldOut
                && hit($0, facts) != nil
        }
        return byCampaign(spoken).compactMap { matches in
            matches.first.map {
                Suggestion(
                    campaign: $0.campaign.id,
                    campaignName: $0.campaign.name,
                    recipient: one(matches),
                    reason: .spokenNumber,
                    score: 70
                )
            }
        }
    }

    private static func byCampaign(_ matches: [RecipientMatch]) -> [[RecipientMatch]] {
        Dictionary(grouping: matches, by: \.campaign.id)
            .sorted { $0.key.number < $1.key.number }.map(\.value)
    }

    /// The recipient, where there is just one.
    private static func one(_ matches: [RecipientMatch]) -> RecipientID? {
        let ids = Set(matches.map(\.recipient.id))
        return ids.count == 1 ? ids.first : nil
    }

    /// Whole days from the end of the window that ended last, 1 at least; nil when no window had
    /// opened before the call.
    private static func daysLate(
        _ matches: [RecipientMatch],
        _ facts: AttributionFacts
    ) -> Int? {
        let ends = matches.flatMap { match in
            match.windowStarts.filter { $0 <= facts.startedUnix }.map { start in
                start + Int64(match.campaign.windowDays(atUnix: facts.startedUnix)) * secondsPerDay
            }
        }
        return ends.max().map { end in
            Int(max(0, facts.startedUnix - end) / secondsPerDay) + 1
        }
    }
}
