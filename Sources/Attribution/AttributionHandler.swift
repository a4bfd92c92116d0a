import CallJobs
package import CallStore
import Foundation
package import JobQueue
package import JobWorker
import PhoneNumbers

/// Credits calls to campaigns.
///
/// Reads the present state of each call and of the recipients with its number, decides, and has
/// the decision written where the call is as it was read. A person's pin is never overwritten; the
/// store sees to that.
package struct AttributionHandler: JobHandler {
    package typealias Effect = StoreChange

    /// Calls that one sweep job decides before it hands on.
    package static let sweepBatch = 500

    /// Recipients with one number that are looked at: a switchboard on a list may have hundreds.
    package static let candidatesMax = 500

    /// Names under which a page, a batch row or the initiation webhook may pass the campaign.
    package static let campaignVariables = ["ringback_campaign", "campaign_id", "campaign"]

    /// Names under which the recipient may be passed, by the list's own reference.
    package static let recipientVariables = ["ringback_recipient", "recipient_id", "recipient"]

    /// How long to wait when the store cannot be read: nobody's attempt.
    private static let storePause = Duration.seconds(5)

    private let store: CallStore
    private let rules: AttributionRules

    package init(store: CallStore, rules: AttributionRules) {
        self.store = store
        self.rules = rules
    }

    package func policy(forKind kind: String) -> JobPolicy { JobKind.attribution.policy }

    package func knows(kind: String) -> Bool { kind == JobKind.attribution.rawValue }

    package func run(
        _ job: Job,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        let selection: CallSelection
        do throws(ArgumentsError) {
            selection = try AttributionArguments(of: job).selection
        } catch {
            return .unreadable(error)
        }
        do throws(StoreError) {
            return .done(try await decide(selection, lane: job.lane))
        } catch {
            switch error {
            case .unavailable(let reason):
                return .snooze(after: Self.storePause, reason: reason)
            case .cancelled: throw CancellationError()
            default: throw error
            }
        }
    }

    private func decide(
        _ selection: CallSelection,
        lane: Lane
    ) async throws(StoreError) -> StoreChange {
        let ids = try await calls(selection)
        var decided: [Decided] = []
        for id in ids {
            if let one = try await decide(id) { decided.append(one) }
        }
        return Self.change(decided, next: Self.next(selection, ids), lane: lane)
    }

    private func calls(_ selection: CallSelection) async throws(StoreError) -> [CallID] {
        switch selection {
        case .calls(let ids): ids
        case .open(let after):
            try await store.undecided(after: after, limit: Self.sweepBatch)
        case .range(let from, let to, let after):
            try await store.callIDs(
                fromUnix: from,
                toUnix: to,
                after: after,
                limit: Self.sweepBatch
            )
        }
    }

    /// What was decided on one call, and what was seen when it was.
    private struct Decided: Sendable {
        var call: CallID
        var seen: CallRevision
        var decision: AttributionDecision
    }

    /// Nil for a call that a person has pinned, that was never read whole, or that is gone.
    private func decide(_ id: CallID) async throws(StoreError) -> Decided? {
        guard let call = try await store.call(id), call.attribution?.isPinned != true,
            call.hasDetail || call.record.caller != nil
        else { return nil }
        return Decided(
            call: id,
            seen: call.revision,
            decision: rules.decide(try await facts(of: call.record))
        )
    }

    private func facts(of record: CallRecord) async throws(StoreError) -> AttributionFacts {
        var facts = AttributionFacts(
            workspace: record.identity.workspace,
            startedUnix: record.startedUnix ?? 0,
            direction: record.direction,
            channel: record.channel,
            caller: record.caller,
            named: try await named(in: record)
        )
        if facts.named == nil, let number = record.caller?.e164 {
            facts.candidates = try await store.recipientsMatching(
                [number],
                in: facts.workspace,
                limit: Self.candidatesMax
            )
        }
        return facts
    }

    // MARK: The campaign that a call names

    private func named(in record: CallRecord) async throws(StoreError) -> NamedCampaign? {
        if let named = try await batch(of: record) { return named }
        return try await variable(of: record)
    }

    /// The campaign whose batch the upstream dialled.
    private func batch(of record: CallRecord) async throws(StoreError) -> NamedCampaign? {
        guard record.batchCallID != nil || record.upstreamCampaignID != nil else { return nil }
        let workspace = record.identity.workspace
        let campaigns = try await store.campaigns(
            upstreamID: record.upstreamCampaignID,
            batchCallID: record.batchCallID,
            in: workspace
        )
        // Two campaigns of ours with one id: the number has to tell.
        guard let campaign = campaigns.first, campaigns.count == 1 else { return nil }
        let references = [record.batchRecipientID, record.upstreamLeadID].compactMap(\.self)
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

    /// The campaign that was passed in by name or id.
    private func variable(of record: CallRecord) async throws(StoreError) -> NamedCampaign? {
        guard let variables = record.dynamicVariables else { return nil }
        for name in Self.campaignVariables {
            guard let campaign = try await campaign(variables[name], record.identity.workspace)
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

    private static func text(_ value: StoredValue?) -> String? {
        switch value {
        case .text(let text) where !text.isEmpty: text
        case .integer(let number): "\(number)"
        default: nil
        }
    }

    // MARK: Writing

    /// Where a walk goes on: nil when this was the last batch.
    private static func next(_ selection: CallSelection, _ ids: [CallID]) -> CallSelection? {
        guard let last = ids.last, ids.count == sweepBatch else { return nil }
        switch selection {
        case .calls: return nil
        case .open: return .open(after: last)
        case .range(let from, let to, _): return .range(fromUnix: from, toUnix: to, after: last)
        }
    }

    private static func change(
        _ decided: [Decided],
        next: CallSelection?,
        lane: Lane
    ) -> StoreChange {
        { writer in
            var changedMeanwhile: [CallID] = []
            for one in decided {
                do {
                    _ = try writer.part {
                        try writer.attribute(one.call, seen: one.seen, one.decision)
                    }
                } catch StoreError.stale where decided.count > 1 {
                    // One call that moved does not undo the batch: it gets a job of its own.
                    changedMeanwhile.append(one.call)
                }
            }
            if !changedMeanwhile.isEmpty {
                let again = AttributionArguments(.calls(changedMeanwhile))
                try writer.addToOutbox(OutboxJob(again, lane: lane))
            }
            if let next {
                try writer.addToOutbox(OutboxJob(AttributionArguments(next), lane: lane))
            }
        }
    }
}
