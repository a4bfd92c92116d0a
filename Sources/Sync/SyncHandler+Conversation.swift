import CallJobs
import CallStore
import ElevenLabs
import Foundation
import JobWorker

extension SyncHandler {
    // MARK: One conversation

    /// Reads one conversation anew.
    func fetch(
        _ identity: CallIdentity,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        if try await isErased(identity) { return .discard(reason: Self.erased) }
        if try await restsFromHalt(identity.workspace, run) {
            var change = run.change(workspace: identity.workspace)
            change.next = [(.conversation(identity), SyncLimits.haltPause)]
            return done(change)
        }
        switch try await detail(of: identity, run) {
        case .read(let reading):
            var change = run.change(workspace: identity.workspace, reading)
            change.clearsHalt = try await store.upstreamHalt(in: identity.workspace) != nil
            return done(change)
        case .refused(let refusal):
            return try await refused(refusal, identity, again: .conversation(identity), run)
        }
    }

    private static let erased = "the conversation was erased here"

    /// Whether nothing of a conversation may be kept.
    private func isErased(_ identity: CallIdentity) async throws -> Bool {
        let found = try await store.tombstones(
            among: [identity.conversationID],
            in: identity.workspace
        )
        return found[identity.conversationID]?.reason == .erased
    }

    private enum Detail {
        case read(PageReading)
        case refused(Refusal)
    }

    private func detail(of identity: CallIdentity, _ run: SyncRun) async throws -> Detail {
        let askedAt = run.context.ambient.unixMilliseconds
        let fetching = DetailFetching(
            source: source,
            reader: reader,
            workspace: identity.workspace,
            ambient: run.context.ambient,
            listedAtMilliseconds: askedAt
        )
        do throws(ElevenLabsError) {
            let fetched = try await source.conversation(identity.conversationID)
            return .read(
                fetching.reading(
                    of: fetched,
                    identity.conversationID,
                    askedAtMilliseconds: askedAt
                )
            )
        } catch {
            return .refused(Refusal(error))
        }
    }

    private func refused(
        _ refusal: Refusal,
        _ identity: CallIdentity,
        again: SyncArguments,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        switch refusal {
        case .gone:
            var change = run.change(workspace: identity.workspace)
            change.reading.gone = [identity]
            return done(change)
        case .halted(let reason):
            return try await halted(reason, workspace: identity.workspace, again: again, run)
        case .later(let wait, let reason): return .snooze(after: wait, reason: reason)
        case .resting(let wait): return .rest(after: wait, reason: Refusal.restingReason)
        case .failed(let reason, let wait): return .retry(reason: reason, notBefore: wait)
        case .rejected(let reason): return .dead(reason: reason)
        case .cancelled: throw CancellationError()
        }
    }

    // MARK: A webhook of the inbox

    /// Reads one webhook that was accepted.
    func receive(_ id: InboxID, _ run: SyncRun) async throws -> HandlerResult<StoreChange> {
        guard let item = try await store.inboxItem(id) else {
            return .discard(reason: "the inbox does not have it any more")
        }
        guard item.state == .waiting else {
            return .discard(reason: "it was read before")
        }
        let envelope: WebhookEnvelope
        do {
            envelope = try WebhookEnvelope(Array(item.delivery.body))
        } catch {
            return settle(item, .dead, "the body is no webhook: \(error)", run)
        }
        if let id = envelope.conversationID,
            try await isErased(
                CallIdentity(workspace: item.delivery.workspace, conversationID: id)
            )
        {
            return settle(item, .done, Self.erased, run)
        }
        switch envelope.content {
        case .transcription(let detail):
            return try await receive(detail, envelope.eventUnix, item, run)
        case .initiationFailure(let failure):
            return try await receive(failure, envelope.eventUnix, item, run)
        case .audio:
            return settle(item, .done, "recordings are not kept", run)
        case .other:
            return settle(item, .done, "a type that nobody knows is only kept", run)
        case .unreadable(let field, let fault):
            return settle(item, .dead, "\(field): \(fault.rawValue)", run)
        }
    }

    /// Ends the wait of a webhook that changes no call.
    private func settle(
        _ item: InboxItem,
        _ state: InboxItem.State,
        _ reason: String,
        _ run: SyncRun
    ) -> HandlerResult<StoreChange> {
        var change = run.change(workspace: item.delivery.workspace)
        change.inbox = (item.id, state, reason)
        return done(change)
    }

    /// Of when a webhook's content is: of its event, however late it came in.
    ///
    /// A retry after 40 minutes is older than a poll after 15. An event of the future is of the
    /// moment it came in: the upstream's clock runs ahead.
    private static func moment(_ eventUnix: Int64?, _ item: InboxItem) -> Int64 {
        let received = item.delivery.receivedAtMilliseconds
        guard let eventUnix, eventUnix > 0, eventUnix < received / 1000 else { return received }
        return eventUnix * 1000 + 999
    }

    private func receive(
        _ detail: ConversationDetail,
        _ eventUnix: Int64?,
        _ item: InboxItem,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        let workspace = item.delivery.workspace
        guard detail.isTranscriptIncluded else {
            return try await fetchForWebhook(detail, eventUnix, item, run)
        }
        let record = reader.record(
            detail,
            source: .webhook,
            workspace: workspace,
            fetchedAtMilliseconds: Self.moment(eventUnix, item),
            deliveredMilliseconds: item.delivery.receivedAtMilliseconds
        )
        let raw = RawBody(
            kind: .webhook,
            workspace: workspace,
            conversationID: detail.id,
            receivedAtMilliseconds: item.delivery.receivedAtMilliseconds,
            body: item.delivery.body
        )
        let entry = PageReading.Entry(record: record, raw: raw)
        return try await finish([entry], for: item, run)
    }

    /// The webhook came without turns by configuration: the detail has them.
    ///
    /// Where no detail can be had, the webhook tells as much as a row of the list.
    private func fetchForWebhook(
        _ detail: ConversationDetail,
        _ eventUnix: Int64?,
        _ item: InboxItem,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        let identity = CallIdentity(
            workspace: item.delivery.workspace,
            conversationID: detail.id
        )
        if try await restsFromHalt(identity.workspace, run) {
            var change = run.change(workspace: identity.workspace)
            change.next = [(.inbox(item.id), SyncLimits.haltPause)]
            return done(change)
        }
        var told = reader.record(
            detail,
            source: .list,
            workspace: identity.workspace,
            fetchedAtMilliseconds: Self.moment(eventUnix, item),
            deliveredMilliseconds: item.delivery.receivedAtMilliseconds
        )
        told.transcript = nil
        let webhook = PageReading.Entry(record: told, raw: nil)
        switch try await self.detail(of: identity, run) {
        case .read(var reading):
            if reading.entries.isEmpty { reading.entries = [webhook] }
            for index in reading.entries.indices {
                reading.entries[index].record.deliveredMilliseconds =
                    item.delivery.receivedAtMilliseconds
            }
            var change = run.change(workspace: identity.workspace, reading)
            change.inbox = (item.id, .done, nil)
            change.catchUpAfterUnix = try await catchUp(identity.workspace, run)
            return done(change)
        case .refused(.gone):
            var change = run.change(
                workspace: identity.workspace,
                PageReading(entries: [webhook], gone: [identity])
            )
            change.inbox = (item.id, .done, "the upstream has the conversation no more")
            return done(change)
        case .refused(.rejected(let reason)):
            let reading = PageReading(entries: [webhook])
            var change = run.change(workspace: identity.workspace, reading)
            change.inbox = (item.id, .done, reason)
            return done(change)
        case .refused(let refusal):
            return try await refused(refusal, identity, again: .inbox(item.id), run)
        }
    }

    private func receive(
        _ failure: InitiationFailure,
        _ eventUnix: Int64?,
        _ item: InboxItem,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        let record: CallRecord = reader.record(
            failure,
            eventUnix: eventUnix,
            workspace: item.delivery.workspace,
            happenedAtMilliseconds: Self.moment(eventUnix, item),
            deliveredMilliseconds: item.delivery.receivedAtMilliseconds
        )
        let entry = PageReading.Entry(record: record, raw: nil)
        return try await finish([entry], for: item, run)
    }

    private func finish(
        _ entries: [PageReading.Entry],
        for item: InboxItem,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        let workspace = item.delivery.workspace
        var change = run.change(workspace: workspace, PageReading(entries: entries))
        change.inbox = (item.id, .done, nil)
        change.catchUpAfterUnix = try await catchUp(workspace, run)
        return done(change)
    }

    /// From which start on a call that a webhook brings first asks for a poll; nil when one was
    /// asked for just now, or none was ever complete.
    private func catchUp(_ workspace: String, _ run: SyncRun) async throws -> Int64? {
        let now = run.context.ambient.unixMilliseconds
        let pause = Int64(SyncLimits.catchUp / .milliseconds(1))
        if let asked = try await store.cursor(ofWalk: SyncChange.catchUpWalk),
            now - asked.updatedMilliseconds < pause
        {
            return nil
        }
        return try await store.mark(.lastPoll, in: workspace).map { $0 / 1000 }
    }
}
