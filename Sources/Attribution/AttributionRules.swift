package import CallStore
package import Foundation
import PhoneNumbers

/// Decides which campaign caused a call, and says on what evidence.
///
/// A pure function: the same facts give the same decision. It climbs down the ladder of evidence
/// and stops at the first rung that holds: a person's standing word, ids that the call carries, a
/// token, the caller's number, a declared variant of it, the agent's number. A person's pin stands
/// above all of them and is the store's to keep.
package struct AttributionRules: Sendable {
    /// Raised with every change of these rules that can change a decision.
    package static let version = "attribution-2"

    static let secondsPerDay: Int64 = 24 * 60 * 60

    /// Recipients that a household's evidence lists.
    static let candidatesListed = 20

    /// The zone whose days decide what a same-day tie is.
    private let calendar: Calendar

    /// - Parameter timeZone: The zone of the reports.
    package init(timeZone: TimeZone) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        self.calendar = calendar
    }

    package func decide(_ facts: AttributionFacts) -> AttributionDecision {
        if let standing = facts.standing { return Self.follow(standing) }
        if let named = facts.named { return Self.credit(named, facts) }
        if let decision = Self.byToken(facts) { return decision }
        switch byNumber(facts) {
        case .credited(let decision): return decision
        case .refused(let reason, let evidence):
            // A tie is for a person, who sees the agent's number among the suggestions.
            if reason != .tie, let decision = Self.byAgentNumber(facts) { return decision }
            return Self.nobody(reason, evidence: evidence)
        }
    }

    // MARK: Rank 1: a person said so of this caller's calls to come

    private static func follow(_ standing: StandingAssignment) -> AttributionDecision {
        AttributionDecision(
            campaign: standing.campaign,
            recipient: standing.recipient,
            method: .manual,
            confidence: "confirmed",
            reason: standing.campaign == nil ? "not-from-a-campaign" : nil,
            evidence: ["assignment": .integer(standing.id.number)],
            ruleVersion: version
        )
    }

    // MARK: Rank 2: the call names its campaign

    private static func credit(
        _ named: NamedCampaign,
        _ facts: AttributionFacts
    ) -> AttributionDecision {
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
            ruleVersion: version
        )
    }

    // MARK: Rank 3: the call carries a token

    private static func byToken(_ facts: AttributionFacts) -> AttributionDecision? {
        guard let token = facts.token else { return nil }
        let reached = token.matches.filter { match in
            match.campaign.workspace == facts.workspace && match.campaign.status != .draft
                && match.atUnix.map { $0 <= facts.startedUnix } ?? true
        }
        // A token of two campaigns tells nothing.
        guard let first = reached.first, Set(reached.map(\.campaign.id)).count == 1 else {
            return nil
        }
        var evidence: [String: StoredValue] = ["token": .text(token.text)]
        let scan = reached.filter { $0.touch != nil }.max { left, right in
            (left.atUnix ?? .min, left.touch ?? 0) < (right.atUnix ?? .min, right.touch ?? 0)
        }
        if let scan {
            evidence["scan"] = scan.touch.map { .integer($0) }
            evidence["touch"] = scan.atUnix.map { .integer($0) }
        }
        let recipients = Set(reached.compactMap(\.recipient))
        return AttributionDecision(
            campaign: first.campaign.id,
            recipient: recipients.count == 1 ? recipients.first : nil,
            method: .token,
            confidence: "certain",
            reason: nil,
            evidence: evidence,
            ruleVersion: version
        )
    }

    // MARK: Rank 6: the number that was called is one campaign's

    private static func byAgentNumber(_ facts: AttributionFacts) -> AttributionDecision? {
        let running = runningOnAgentNumber(facts)
        guard let campaign = running.first, running.count == 1 else { return nil }
        var evidence: [String: StoredValue] = [:]
        if let number = facts.agentNumber { evidence["agentNumber"] = .text(number.text) }
        if let starts = campaign.startsUnix { evidence["starts"] = .integer(starts) }
        if let ends = campaign.endsUnix { evidence["ends"] = .integer(ends) }
        return AttributionDecision(
            campaign: campaign.id,
            recipient: nil,
            method: .agentNumber,
            confidence: "source-level",
            reason: nil,
            evidence: evidence,
            ruleVersion: version
        )
    }

    /// The campaigns that advertised the agent's number when somebody called it.
    static func runningOnAgentNumber(_ facts: AttributionFacts) -> [Campaign] {
        // Who is called by us has seen no number of ours.
        guard facts.direction != .outbound, facts.agentNumber != nil else { return [] }
        return facts.agentCampaigns.filter {
            $0.workspace == facts.workspace && $0.ran(atUnix: facts.startedUnix)
        }
    }

    // MARK: Rank 7: nobody

    static func nobody(
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

    func isSameDay(_ left: Int64, _ right: Int64) -> Bool {
        // Most touches are days apart; a calendar is slow.
        if abs(left - right) > 26 * 60 * 60 { return false }
        return calendar.isDate(
            Date(timeIntervalSince1970: TimeInterval(left)),
            inSameDayAs: Date(timeIntervalSince1970: TimeInterval(right))
        )
    }
}
