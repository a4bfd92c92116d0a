import CallJobs
import CallStore
import ElevenLabs
import JobQueue
import JobWorker
import Logging

extension SyncHandler {
    // MARK: The start of a walk

    /// Which poll it is; of each kind one walk at a time is under way.
    enum Poll {
        case recent
        case last(seconds: Int64)

        /// How the name of a walk begins that lists again what was listed before.
        static let relisting = "last-"

        var name: String {
            switch self {
            case .recent: "recent"
            case .last(let seconds): "\(Self.relisting)\(seconds)"
            }
        }
    }

    /// Starts a walk that ends now, unless the one before it is still under way.
    func startPoll(_ poll: Poll, _ run: SyncRun) async throws -> HandlerResult<StoreChange> {
        let workspace = CallIdentity.defaultWorkspace
        let now = run.context.ambient.unixMilliseconds
        let walkName = Self.walkName(poll.name, workspace)
        if let cursor = try await store.cursor(ofWalk: walkName), cursor.position != nil,
            now - cursor.updatedMilliseconds < SyncLimits.walkStaleMilliseconds
        {
            return .discard(reason: "the walk before it is still under way")
        }
        let end = now / 1000 - SyncLimits.settleSeconds
        let range = SyncRange(
            fromUnix: try await start(of: poll, endUnix: end, workspace),
            toUnix: end,
            workspace: workspace
        )
        let page = SyncPage(
            range: range,
            walk: "\(poll.name)/\(run.job.id.text)",
            cursor: nil,
            number: 1,
            isPoll: true
        )
        return try await read(page, watching: true, run)
    }

    /// Where a poll begins: the frequent one goes back to the last complete one, so that no
    /// absence leaves a gap.
    private func start(
        of poll: Poll,
        endUnix: Int64,
        _ workspace: String
    ) async throws -> Int64 {
        switch poll {
        case .last(let seconds):
            return endUnix - seconds
        case .recent:
            guard let last = try await store.mark(.lastPoll, in: workspace) else {
                return endUnix - SyncLimits.firstSeconds
            }
            return min(endUnix - SyncLimits.recentSeconds, last / 1000)
        }
    }

    /// Starts a walk through a range; one that reaches now is a poll, too.
    func startRange(
        _ range: SyncRange,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        if try await isCancelled(range.slice) { return .discard(reason: Self.cancelled) }
        let now = run.context.ambient.unixMilliseconds / 1000
        var range = range
        // Up to a minute ago was now when somebody typed it.
        let isPoll = range.agentID == nil && range.toUnix >= now - 60
        range.toUnix = min(range.toUnix, now - SyncLimits.settleSeconds)
        guard range.fromUnix < range.toUnix else {
            // A slice that has only just begun is due in a moment; one further off is a mistake.
            let wait = range.fromUnix + SyncLimits.settleSeconds + 1 - now
            guard wait > SyncLimits.settleSeconds + 1 else {
                return .snooze(after: .seconds(wait), reason: "the range has only just begun")
            }
            return .discard(reason: "the range lies in the future")
        }
        let page = SyncPage(
            range: range,
            walk: "range/\(run.job.id.text)",
            cursor: nil,
            number: 1,
            isPoll: isPoll
        )
        return try await read(page, watching: false, run)
    }

    private static let cancelled = "its backfill was cancelled"

    /// Whether the backfill of a slice was cancelled; one that the store does not know goes on.
    private func isCancelled(_ slice: SliceReference?) async throws -> Bool {
        guard let slice else { return false }
        return try await store.backfill(slice.backfill)?.state == .cancelled
    }

    /// Goes on with a walk, unless another one has taken its place.
    func goOn(_ page: SyncPage, _ run: SyncRun) async throws -> HandlerResult<StoreChange> {
        if let name = Self.walkName(of: page) {
            let position = try await store.cursor(ofWalk: name)?.position
            guard position == page.walk else {
                return .discard(reason: "a later walk has taken over")
            }
        }
        if try await isCancelled(page.range.slice) { return .discard(reason: Self.cancelled) }
        guard page.number <= SyncLimits.pagesMax else {
            return .dead(reason: "a walk of more than \(SyncLimits.pagesMax) pages")
        }
        if try await restsFromHalt(page.range.workspace, run) {
            var change = run.change(workspace: page.range.workspace)
            change.next = [(.page(page), SyncLimits.haltPause)]
            change.slice = page.range.slice
            change.pollWalk = Self.walkName(of: page).map { ($0, page.walk) }
            return done(change)
        }
        return try await read(page, watching: false, run)
    }

    // MARK: One page

    private func read(
        _ page: SyncPage,
        watching: Bool,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        var page = page
        let list: ConversationPage
        let listedAt = run.context.ambient.unixMilliseconds
        do throws(ElevenLabsError) {
            list = try await listing(&page)
        } catch {
            return try await refused(Refusal(error), page, run)
        }
        if Self.repeats(list, page) {
            return .retry(reason: "the upstream repeats a page of its list")
        }
        let ids = PagePlan.ids(in: list.rows)
        let known = try await store.knownCalls(ids, in: page.range.workspace)
        let buried = try await store.tombstones(among: ids, in: page.range.workspace)
        let plan = PagePlan(
            rows: list.rows,
            known: known,
            erased: Set(buried.filter { $0.value.reason == .erased }.keys),
            doubted: Self.doubted(buried, page, listedAt),
            endUnix: page.isPoll ? page.range.toUnix : nil
        )
        let fetching = DetailFetching(
            source: source,
            reader: reader,
            workspace: page.range.workspace,
            ambient: run.context.ambient,
            listedAtMilliseconds: listedAt
        )
        var reading = try await fetching.read(plan)
        if let reason = reading.haltReason {
            return try await halted(page, reason, run)
        }
        for row in plan.rowsOnly { fetching.addRow(row, isDetailKnown: true, in: &reading) }
        reading.unreadable += unreadableRows(of: plan, page, run)
        if let wait = reading.restAfter, reading.entries.isEmpty, wait > .zero {
            return .snooze(after: wait, reason: "the upstream is busy")
        }
        return try await finish(page, list, plan, reading, watching: watching, run)
    }

    /// Calls that the upstream said it has no more, a while ago: a listing again that shows them
    /// all the same asks once more.
    private static func doubted(
        _ buried: [String: Tombstone],
        _ page: SyncPage,
        _ now: Int64
    ) -> Set<String> {
        guard page.walk.hasPrefix(Poll.relisting) else { return [] }
        let latest = now - SyncLimits.doubtAfterMilliseconds
        return Set(
            buried.filter {
                $0.value.reason == .deletedUpstream && $0.value.atMilliseconds <= latest
            }
            .keys
        )
    }

    /// Whether the page shows what the walk has passed already, or leads back to itself.
    private static func repeats(_ list: ConversationPage, _ page: SyncPage) -> Bool {
        guard let cursor = page.cursor else { return false }
        if list.nextCursor == cursor { return true }
        guard let reached = page.reachedUnix else { return false }
        for case .readable(let row) in list.rows {
            // Behind a filter that overlaps, the pages begin so much earlier.
            return row.startedUnix < reached - SyncLimits.overlapSeconds
        }
        return false
    }

    /// Lists the page; a cursor that is taken no more, or leads in a circle, is replaced by the
    /// time it had reached.
    private func listing(
        _ page: inout SyncPage
    ) async throws(ElevenLabsError) -> ConversationPage {
        do throws(ElevenLabsError) {
            let list = try await source.conversations(Self.query(page))
            guard Self.repeats(list, page), let reached = page.reachedUnix else { return list }
            page.cursor = nil
            page.filterFromUnix = reached
            return try await source.conversations(Self.query(page))
        } catch {
            let isStaleCursor =
                switch Refusal(error) {
                case .rejected, .gone: page.cursor != nil && page.reachedUnix != nil
                default: false
                }
            guard isStaleCursor, let reached = page.reachedUnix else { throw error }
            page.cursor = nil
            page.filterFromUnix = reached
            return try await source.conversations(Self.query(page))
        }
    }

    private static func query(_ page: SyncPage) -> ConversationQuery {
        let from = page.filterFromUnix ?? page.range.fromUnix
        // A poll's end is exact: later calls are left to the next one.
        let past = page.isPoll ? 0 : SyncLimits.overlapSeconds
        return ConversationQuery(
            cursor: page.cursor,
            order: .ascending,
            agentID: page.range.agentID,
            startedAfterUnix: max(0, from - SyncLimits.overlapSeconds),
            startedBeforeUnix: page.range.toUnix + past
        )
    }

    private func unreadableRows(
        of plan: PagePlan,
        _ page: SyncPage,
        _ run: SyncRun
    ) -> [RawBody] {
        plan.unreadable.map { row in
            RawBody(
                kind: .list,
                workspace: page.range.workspace,
                conversationID: row.id,
                receivedAtMilliseconds: run.context.ambient.unixMilliseconds,
                body: .init(row.raw),
                unreadableReason: row.reason
            )
        }
    }

    private func refused(
        _ refusal: Refusal,
        _ page: SyncPage,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        switch refusal {
        case .halted(let reason): return try await halted(page, reason, run)
        case .later(let wait, let reason): return .snooze(after: wait, reason: reason)
        case .resting(let wait): return .rest(after: wait, reason: Refusal.restingReason)
        case .failed(let reason, let wait): return .retry(reason: reason, notBefore: wait)
        case .gone: return .dead(reason: "the upstream has no list of conversations")
        case .rejected(let reason): return .dead(reason: reason)
        case .cancelled: throw CancellationError()
        }
    }

    /// A poll ends and comes back by its schedule; a range rests, and goes on where it was.
    private func halted(
        _ page: SyncPage,
        _ reason: String,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        let name = Self.walkName(of: page)
        return try await halted(
            reason,
            workspace: page.range.workspace,
            again: name == nil ? .page(page) : nil,
            endingWalk: name,
            run
        )
    }

    // MARK: The end of a page

    private func finish(
        _ page: SyncPage,
        _ list: ConversationPage,
        _ plan: PagePlan,
        _ reading: PageReading,
        watching: Bool,
        _ run: SyncRun
    ) async throws -> HandlerResult<StoreChange> {
        let workspace = page.range.workspace
        var change = run.change(workspace: workspace, reading)
        change.clearsHalt = try await store.upstreamHalt(in: workspace) != nil
        let following = Self.following(page, list, plan, reading)
        change.slice = page.range.slice
        if following == nil {
            change.covered = (
                page.range, page.calls + plan.callCount(of: page),
                page.requests + 1 + reading.requests
            )
        }
        if let following { change.next.append((.page(following), reading.restAfter ?? .zero)) }
        if let name = Self.walkName(of: page) {
            change.pollWalk = (name, following == nil ? nil : page.walk)
        }
        if following == nil, page.isPoll, try await closesGap(page.range) {
            change.polledUntilMilliseconds = page.range.toUnix * 1000
        }
        if watching {
            for call in try await watched(page.range, run) {
                change.next.append((.conversation(call.identity), .zero))
            }
        }
        for identity in try await missing(page, list, plan, reading) {
            change.next.append((.conversation(identity), .zero))
        }
        return done(change)
    }

    /// Calls that the store has and a re-listing does not show where they should stand: each is
    /// asked for, and the upstream's answer says whether it is deleted.
    ///
    /// Calls in the very second of a page's edge may stand on either page and are left out.
    private func missing(
        _ page: SyncPage,
        _ list: ConversationPage,
        _ plan: PagePlan,
        _ reading: PageReading
    ) async throws -> [CallIdentity] {
        guard page.walk.hasPrefix(Poll.relisting), reading.restAfter == nil else { return [] }
        let isLast = list.nextCursor == nil
        guard let after = page.cursor == nil ? page.range.fromUnix - 1 : page.reachedUnix,
            let before = isLast ? page.range.toUnix : plan.reachedUnix
        else { return [] }
        return try await store.callsMissing(
            startedAfter: max(after, page.filterFromUnix ?? .min),
            startedBefore: before,
            shown: Set(PagePlan.ids(in: list.rows)),
            in: page.range.workspace,
            limit: SyncLimits.missingBatch
        )
    }

    /// The page to be read next: the same one again while something of it is missing, else the
    /// one behind it; nil at the end of the walk.
    private static func following(
        _ page: SyncPage,
        _ list: ConversationPage,
        _ plan: PagePlan,
        _ reading: PageReading
    ) -> SyncPage? {
        var following = page
        following.requests += 1 + reading.requests
        if reading.restAfter != nil { return following }
        guard let cursor = list.nextCursor else { return nil }
        following.cursor = cursor
        following.number += 1
        following.calls += plan.callCount(of: page)
        following.reachedUnix = plan.reachedUnix.map { max($0, page.reachedUnix ?? $0) }
        return following
    }

    /// Whether everything before the range is known to be listed, so that its end is the new mark.
    private func closesGap(_ range: SyncRange) async throws -> Bool {
        guard let last = try await store.mark(.lastPoll, in: range.workspace) else {
            return range.toUnix - range.fromUnix >= SyncLimits.historySeconds
        }
        return range.fromUnix <= last / 1000
    }

    /// Calls before the range that have not ended, and are young enough to be asked for.
    private func watched(_ range: SyncRange, _ run: SyncRun) async throws -> [WatchedCall] {
        let now = run.context.ambient.unixMilliseconds
        return try await store.watchList(
            fetchedBefore: now - SyncLimits.watchPauseMilliseconds,
            startedAfter: now / 1000 - SyncLimits.watchSeconds,
            limit: SyncLimits.watchBatch
        )
        .filter { $0.startedUnix < range.fromUnix && $0.identity.workspace == range.workspace }
    }

    /// The name under which the store remembers a poll's walk; nil for a range, of which there
    /// may be many at a time.
    private static func walkName(of page: SyncPage) -> String? {
        guard let poll = page.walk.split(separator: "/").first, poll != "range" else { return nil }
        return walkName(String(poll), page.range.workspace)
    }

    private static func walkName(_ poll: String, _ workspace: String) -> String {
        "sync-\(poll):\(workspace)"
    }
}
