package import Ambient
import CallJobs
package import CallStore
import Foundation
import JobQueue

/// What operators do with scorings anew.
package struct RescoreSteering: Sendable {
    private let store: CallStore
    private let ambient: Ambient

    /// Scorings that may run at a time; nil: as many as somebody starts.
    private let runningMax: Int?

    package init(store: CallStore, ambient: Ambient, runningMax: Int? = nil) {
        self.store = store
        self.ambient = ambient
        self.runningMax = runningMax
    }

    /// Within the write that adds one, so that two at once do not both see none.
    private func refuseMore(_ writer: StoreWriter) throws {
        guard let runningMax, try writer.runningRescores() >= runningMax else { return }
        throw StoreError.stale(reason: "calls are being judged anew already")
    }

    /// Begins one: its first job stands in the outbox and is sent by the scheduler.
    ///
    /// - Parameters:
    ///   - order: Which calls, and why closed months are changed, if they are.
    ///   - rules: The version; the store keeps it from now on.
    /// - Returns: The id to ask for it by.
    /// - Throws: `StoreError.stale` when enough run already; `StoreError.unavailable` and others
    ///   that concern the store as a whole.
    package func start(
        _ order: RescoreOrder,
        by rules: RuleSet
    ) async throws(StoreError) -> RescoreID {
        let random = ambient.newID().uuidString.lowercased().prefix(8)
        guard let id = RescoreID("rs-\(random)") else {
            preconditionFailure("A prefix of a UUID makes an id.")
        }
        try await store.write { writer in
            try refuseMore(writer)
            try writer.keep(rules.stored)
            try writer.start(order, as: id)
            try writer.addToOutbox(OutboxJob(ConversionArguments.rescore(id), lane: .low))
            try writer.audit(
                AuditNote(
                    actor: order.person,
                    action: "rules.rescore",
                    object: "rescore:\(id)",
                    after: ["version": .text(order.version)],
                    reason: order.closedReason
                )
            )
        }
        return id
    }

    /// Stops one before its next batch; what it has changed stays.
    ///
    /// - Returns: Whether it was running.
    package func cancel(_ id: RescoreID, by person: String) async throws(StoreError) -> Bool {
        try await store.write { writer in
            guard try writer.cancel(id) else { return false }
            try writer.audit(
                AuditNote(actor: person, action: "rules.rescore.cancel", object: "rescore:\(id)")
            )
            return true
        }
    }

    /// Lets a cancelled one go on where it stopped.
    ///
    /// - Returns: Whether it was cancelled.
    /// - Throws: `StoreError.stale` when enough run already; `StoreError.unavailable` and others
    ///   that concern the store as a whole.
    package func resume(_ id: RescoreID, by person: String) async throws(StoreError) -> Bool {
        try await store.write { writer in
            guard try writer.rescore(id)?.state == .cancelled else { return false }
            try refuseMore(writer)
            guard try writer.resume(id) else { return false }
            try writer.audit(
                AuditNote(actor: person, action: "rules.rescore.resume", object: "rescore:\(id)")
            )
            try writer.addToOutbox(OutboxJob(ConversionArguments.rescore(id), lane: .low))
            return true
        }
    }

    /// What scoring anew would change; writes nothing.
    ///
    /// - Parameters:
    ///   - order: Which calls.
    ///   - rules: The version.
    ///   - listed: Changed calls to name; the rest are only counted.
    ///   - progress: Told after each batch how many calls have been looked at.
    /// - Returns: The figures before and after.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func preview(
        _ order: RescoreOrder,
        by rules: RuleSet,
        listed: Int,
        progress: (Int) -> Void = { _ in }
    ) async throws(StoreError) -> RescorePreview {
        let locked = order.closedReason == nil ? try await store.lockedStarts() : LockedStarts()
        let last = try await store.judgeable(fromUnix: order.fromUnix, toUnix: order.toUnix).last
        var preview = RescorePreview()
        var position: CallID?
        while let last {
            let calls = try await store.callsToJudge(
                fromUnix: order.fromUnix,
                toUnix: order.toUnix,
                after: position,
                upTo: last,
                limit: RescoreBatch.size
            )
            guard let end = calls.last else { break }
            for call in calls {
                preview.add(
                    call,
                    rules.judge(CallFacts(call)),
                    isLocked: locked.contains(call.call.record) || call.isSettled,
                    listed: listed
                )
            }
            position = end.call.id
            progress(preview.tally.lookedAt)
        }
        return preview
    }
}

extension Rescore {
    /// Work that is left, from the pace of the batches so far; nil before the first, and when it
    /// has ended.
    package var secondsLeft: Int? {
        guard state == .running, tally.lookedAt > 0 else { return nil }
        let left = max(0, calls - tally.lookedAt)
        let perCall = Double(workedMilliseconds) / Double(tally.lookedAt)
        return Int((Double(left) * perCall / 1000).rounded(.up))
    }
}

/// What scoring anew would change.
package struct RescorePreview: Sendable, Equatable {
    /// How the figures of one campaign change.
    package struct Part: Sendable, Equatable {
        /// Nil for the calls without a campaign.
        package var campaign: String?
        package var calls = 0
        package var before = 0
        package var after = 0
        package var added = 0
        package var withdrawn = 0
    }

    package internal(set) var tally = RescoreTally()

    /// How many calls of a conversion type change.
    package struct TypePart: Sendable, Equatable {
        package var type: String
        package var tally = RescoreTally()
    }

    /// By conversion type, in the order of their names: what is withdrawn under the type that it
    /// had, all else under the new one.
    package var types: [TypePart] { byType.values.sorted { $0.type < $1.type } }
    private var byType: [String: TypePart] = [:]

    /// Conversions before and after, of all calls that were looked at.
    package internal(set) var before = 0
    package internal(set) var after = 0

    /// By campaign, in the order of their names, without one last.
    package var parts: [Part] {
        byCampaign.values.sorted { left, right in
            switch (left.campaign, right.campaign) {
            case (let left?, let right?): left < right
            case (_?, nil): true
            case (nil, _): false
            }
        }
    }

    /// The first of the calls that change.
    package internal(set) var changes: [RescoreChange] = []
    private var byCampaign: [String: Part] = [:]

    mutating func add(_ call: CallToJudge, _ judgement: Judgement, isLocked: Bool, listed: Int) {
        let key = call.campaignName ?? ""
        var part = byCampaign[key] ?? Part(campaign: call.campaignName)
        let wasYes = call.call.conversion?.outcome == .yes
        let outcome = EffectiveOutcome(labels: call.labels, verdicts: judgement.verdicts)
        let isYes = isLocked ? wasYes : outcome.outcome == .yes
        tally.lookedAt += 1
        part.calls += 1
        if wasYes {
            before += 1
            part.before += 1
        }
        if isYes {
            after += 1
            part.after += 1
        }
        if isLocked {
            tally.locked += 1
        } else if let change = RescoreChange(call, to: outcome) {
            tally.add(change)
            let type = change.typeAfter ?? change.typeBefore ?? ""
            byType[type, default: TypePart(type: type)].tally.add(change)
            if change.kind == .added { part.added += 1 }
            if change.kind == .withdrawn { part.withdrawn += 1 }
            if changes.count < listed { changes.append(change) }
        }
        byCampaign[key] = part
    }
}
