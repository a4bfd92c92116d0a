package import CallStore
import Foundation
import PhoneNumbers

/// Decides calls as they stand in the store, many at once; writes nothing.
package struct Attributor: Sendable {
    /// Recipients with one number that are looked at: a switchboard on a list may have hundreds.
    package static let candidatesMax = 500

    /// Scans and recipients of one token that are looked at.
    package static let tokenMatchesMax = 100

    /// Names under which a page, a batch row or the initiation webhook may pass the campaign.
    package static let campaignVariables = ["ringback_campaign", "campaign_id", "campaign"]

    /// Names under which the recipient may be passed, by the list's own reference.
    package static let recipientVariables = ["ringback_recipient", "recipient_id", "recipient"]

    /// Of these, those that no other system uses, and that say enough without a campaign.
    package static let recipientVariablesAlone = ["ringback_recipient", "recipient_id"]

    /// Names under which a page or a code may pass its token.
    package static let tokenVariables = ["ringback_token", "qr_token", "landing_token"]

    private let store: CallStore
    package let rules: AttributionRules

    package init(store: CallStore, rules: AttributionRules) {
        self.store = store
        self.rules = rules
    }

    /// What is to become of one call.
    package struct Decided: Sendable {
        package enum Outcome: Sendable, Equatable {
            /// The rules have decided.
            case decided(AttributionDecision)

            /// It stays as it is: the books of its month are closed, its content was erased or has
            /// expired, or the number that it was credited by is gone.
            case locked

            /// A person has pinned it.
            case pinned

            /// Its number was never read.
            case unread
        }

        package var input: AttributionInput
        package var outcome: Outcome

        /// What is to be written; nil for a call that is not the rules'.
        package var entry: AttributionEntry? {
            var entry = AttributionEntry(
                call: input.call,
                seen: input.seen,
                before: input.before,
                decision: nil
            )
            switch outcome {
            case .decided(let decision):
                entry.decision = decision
                if decision.method == .manual, let standing = input.standing {
                    entry.person = standing.person
                }
            case .locked: break
            case .pinned, .unread: return nil
            }
            return entry
        }
    }

    /// Decides calls.
    ///
    /// - Parameters:
    ///   - calls: A batch of ids; those that are gone are left out.
    ///   - trial: A campaign as it might be, in place of the one with its id.
    /// - Returns: What is to become of each, in the order of ids.
    /// - Throws: `StoreError`.
    package func decide(
        _ calls: [CallID],
        trying trial: Campaign? = nil
    ) async throws(StoreError) -> [Decided] {
        let inputs = try await store.attributionInputs(
            of: calls,
            candidatesMax: Self.candidatesMax
        )
        var decided: [Decided] = []
        decided.reserveCapacity(inputs.count)
        for input in inputs {
            decided.append(
                Decided(input: input, outcome: try await outcome(of: input, trying: trial))
            )
        }
        return decided
    }

    private func outcome(
        of input: AttributionInput,
        trying trial: Campaign?
    ) async throws(StoreError) -> Decided.Outcome {
        if input.isPinned { return .pinned }
        guard input.hasDetail || input.caller != nil else { return .unread }
        // The store would refuse another decision: a trial must not promise it.
        if input.isFrozen, input.before != nil { return .locked }
        // A pin that was taken away in a closed month was taken away for a reason.
        if input.closedMonth != nil, input.before?.reason != "unpinned" {
            return input.before == nil
                ? .decided(AttributionRules.nobody(.closedMonth)) : .locked
        }
        if input.caller == nil, input.channel == .phone, let method = input.before?.method,
            method == .exactNumber || method == .numberVariant
        {
            return .locked
        }
        return .decided(rules.decide(try await facts(of: input, trying: trial)))
    }

    /// All that the rules are told of a call.
    package func facts(
        of input: AttributionInput,
        trying trial: Campaign? = nil
    ) async throws(StoreError) -> AttributionFacts {
        var facts = AttributionFacts(
            workspace: input.workspace,
            startedUnix: input.startedUnix,
            direction: input.direction,
            channel: input.channel,
            caller: input.caller,
            standing: input.standing,
            candidates: input.candidates,
            agentNumber: input.agentNumber,
            agentCampaigns: input.agentCampaigns
        )
        if facts.standing == nil { facts.named = try await named(in: input) }
        if facts.standing == nil, facts.named == nil { facts.token = try await token(in: input) }
        if let trial { facts.replace(trial) }
        return facts
    }

    // MARK: The campaign that a call names

    private func named(in input: AttributionInput) async throws(StoreError) -> NamedCampaign? {
        if let named = try await batch(of: input) { return named }
        return try await variable(of: input)
    }

    /// The campaign whose batch the upstream dialled.
    private func batch(of input: AttributionInput) async throws(StoreError) -> NamedCampaign? {
        guard input.batchCallID != nil || input.upstreamCampaignID != nil else { return nil }
        let campaigns = try await store.campaigns(
            upstreamID: input.upstreamCampaignID,
            batchCallID: input.batchCallID,
            in: input.workspace
        )
        // Two campaigns of ours with one id: the number has to tell.
        guard let campaign = campaigns.first, campaigns.count == 1 else { return nil }
        let references = [input.batchRecipientID, input.upstreamLeadID].compactMap(\.self)
        var recipient: RecipientID?
        for reference in references where recipient == nil {
            recipient = try await self.recipient(reference, of: campaign)
        }
        return NamedCampaign(
            source: .batch(recipientID: references.first ?? ""),
            campaign: campaign.id,
            recipient: recipient
        )
    }

    /// The campaign, or the recipient alone, that was passed in by name or id.
    private func variable(of input: AttributionInput) async throws(StoreError) -> NamedCampaign? {
        guard !input.dynamicVariables.isEmpty else { return nil }
        let variables = input.dynamicVariables
        for name in Self.campaignVariables {
            guard let campaign = try await campaign(variables[name], input.workspace)
            else { continue }
            var recipient: RecipientID?
            for name in Self.recipientVariables where recipient == nil {
                guard let reference = Self.text(variables[name]) else { continue }
                recipient = try await self.recipient(reference, of: campaign)
            }
            return NamedCampaign(
                source: .dynamicVariable(name: name),
                campaign: campaign.id,
                recipient: recipient
            )
        }
        for name in Self.recipientVariablesAlone {
            guard let reference = Self.text(variables[name]) else { continue }
            let matches = try await store.recipients(
                reference: reference,
                in: input.workspace,
                limit: 2
            )
            // References are a list's own: one that two lists use tells nothing.
            guard let match = matches.first, matches.count == 1, match.campaign.status != .draft
            else { continue }
            return NamedCampaign(
                source: .dynamicVariable(name: name),
                campaign: match.campaign.id,
                recipient: match.recipient.id
            )
        }
        return nil
    }

    /// By our name, else by our id, else by the upstream's.
    private func campaign(
        _ value: StoredValue?,
        _ workspace: String
    ) async throws(StoreError) -> Campaign? {
        guard let text = Self.text(value) else { return nil }
        if let campaign = try await store.campaign(named: text, in: workspace) { return campaign }
        if let id = Int64(text), let campaign = try await store.campaign(CampaignID(id)),
            campaign.workspace == workspace
        {
            return campaign
        }
        let known = try await store.campaigns(upstreamID: text, batchCallID: nil, in: workspace)
        return known.count == 1 ? known.first : nil
    }

    private func recipient(
        _ reference: String,
        of campaign: Campaign
    ) async throws(StoreError) -> RecipientID? {
        let matches = try await store.recipients(
            reference: reference,
            of: campaign.id,
            in: campaign.workspace,
            limit: 2
        )
        return matches.count == 1 ? matches.first?.recipient.id : nil
    }

    // MARK: The token that a call carries

    private func token(in input: AttributionInput) async throws(StoreError) -> CarriedToken? {
        guard !input.dynamicVariables.isEmpty else { return nil }
        for name in Self.tokenVariables {
            guard let text = Self.text(input.dynamicVariables[name]) else { continue }
            let matches = try await store.tokenMatches(
                text,
                untilUnix: input.startedUnix,
                in: input.workspace,
                limit: Self.tokenMatchesMax
            )
            if !matches.isEmpty { return CarriedToken(text: text, matches: matches) }
        }
        return nil
    }

    private static func text(_ value: StoredValue?) -> String? {
        switch value {
        case .text(let text) where !text.isEmpty: text
        case .integer(let number): "\(number)"
        default: nil
        }
    }
}

extension AttributionFacts {
    /// Takes a campaign as it might be for the one with its id.
    mutating func replace(_ trial: Campaign) {
        for index in candidates.indices where candidates[index].campaign.id == trial.id {
            candidates[index].campaign = trial
        }
        agentCampaigns.removeAll { $0.id == trial.id }
        if let agentNumber, trial.agentNumbers.contains(agentNumber) {
            agentCampaigns.append(trial)
        }
        if token != nil {
            for index in token?.matches.indices ?? 0..<0
            where token?.matches[index].campaign.id == trial.id {
                token?.matches[index].campaign = trial
            }
        }
    }
}
