package import Ambient
import Foundation
package import JobQueue
package import Logging
import Synchronization

/// Feeds long plans into a queue just ahead of its workers; a duty of the scheduler.
///
/// Any number of them may run at once. The source records a part before the queue takes it, and
/// the queue takes it by compare-and-set, so a crash at any point leaves a part that the next
/// round hands out again under the same ids.
package final class Feeder: Sendable {
    /// Time between two rounds, before jitter: what a free slot waits for the next job at most.
    package static let interval = Duration.seconds(1)

    /// Parts of one feed in one round: passing over what has ended goes on in the next.
    package static let partsMax = 20

    /// Jobs that one round looks for: each costs the queue a bounded search.
    package static let looksMax = 20

    package typealias Queue = WorkQueue & QueueAdministration & FeedQueue

    private let source: any FeedSource
    private let queue: any Queue
    private let ambient: Ambient
    private let logger: Logger

    /// When the queue wants no more, as `Ambient.elapsed` counts.
    private struct Rest {
        var until: Duration = .zero

        /// Whether the last step was refused.
        var isRefused = false
    }

    private let rest = Mutex(Rest())

    /// What the round before saw as ended.
    private let endedBefore = Mutex<[FeedName: Int]>([:])

    package init(
        source: any FeedSource,
        queue: any Queue,
        ambient: Ambient,
        logger: Logger
    ) {
        self.source = source
        self.queue = queue
        self.ambient = ambient
        self.logger = logger
    }

    /// Feeds every plan once, as far as its window reaches.
    ///
    /// Nothing is handed out while the queue asks producers to wait: a part that it refused stays
    /// next in its feed.
    ///
    /// - Returns: How many jobs were handed out.
    /// - Throws: What the source or the queue throws; the next round goes on from what stands.
    @discardableResult
    package func round() async throws -> Int {
        let feeds = try await source.feeds()
        endedBefore.withLock { $0 = $0.filter { feeds.contains($0.key) } }
        guard !feeds.isEmpty, !isResting else { return 0 }
        let slots = try await queue.figures().slots
        var total = 0
        for feed in feeds where !isResting {
            total += try await self.feed(feed, slots: slots, feeds: feeds.count)
            try await look(in: feed)
        }
        return total
    }

    private func feed(_ feed: FeedName, slots: Int, feeds: Int) async throws -> Int {
        // The cursor first: what the source says afterwards is at least as new, so a cursor ahead
        // of it can only mean that the source has gone back in time.
        let cursor = try await queue.feedCursor(feed)
        var seen: Int?
        switch cursor {
        case .closed:
            logger.warning(
                "feed was ended and its source has forgotten it; it ends now",
                metadata: ["feed": "\(feed)"]
            )
            try await source.end(feed)
            return 0
        case .at(let position): seen = position
        case nil: break
        }
        guard let progress = try await source.progress(of: feed, cursor: seen) else { return 0 }
        if let position = seen, position > progress.recorded {
            return try await rewind(feed, from: position, to: progress.restart)
        }
        let ended = endedBefore.withLock { before in
            defer { before[feed] = progress.ended }
            return max(0, progress.ended - (before[feed] ?? progress.ended))
        }
        var room = FeedWindow.size(slots: slots, feeds: feeds, ended: ended)
        // Without a cursor nothing of it is in the queue, whatever was recorded.
        room -= seen == nil ? 0 : progress.open
        var at = seen ?? progress.restart
        var total = 0
        for _ in 0..<Self.partsMax where room > 0 && at < progress.count && !isResting {
            let part = try await source.part(of: feed, from: at, jobsMax: room)
            let step = FeedStep(feed: feed, seen: seen, next: part.end, jobs: part.jobs)
            guard try await handOut(step) else { break }
            at = part.end
            seen = part.end
            room -= part.jobs.count
            total += part.jobs.count
        }
        return total
    }

    /// Hands a step out; returns whether the queue took it.
    private func handOut(_ step: FeedStep) async throws(QueueError) -> Bool {
        do throws(QueueError) {
            switch try await queue.feed(step) {
            case .fed:
                noteRest(.zero, refusedLane: nil)
                return true
            case .fedUnderPressure(let slowDown):
                noteRest(slowDown, refusedLane: nil)
                return true
            case .moved:
                return false
            }
        } catch {
            guard case .overloaded(let lane, let wait) = error else { throw error }
            noteRest(wait, refusedLane: lane)
            return false
        }
    }

    private var isResting: Bool {
        rest.withLock { ambient.elapsed() < $0.until }
    }

    /// Says once that the queue refuses, and once that it takes again.
    private func noteRest(_ wait: Duration, refusedLane: Lane?) {
        let wasRefused = rest.withLock { rest in
            defer {
                rest.until = ambient.elapsed() + wait
                rest.isRefused = refusedLane != nil
            }
            return rest.isRefused
        }
        if let refusedLane, !wasRefused {
            logger.warning(
                "queue is over a hard mark and takes no more; feeds wait",
                metadata: ["lane": "\(refusedLane)"]
            )
        } else if refusedLane == nil, wasRefused {
            logger.notice("queue takes jobs of feeds again")
        }
    }

    /// The source was brought back from an older copy: what it does not know is handed out again.
    private func rewind(_ feed: FeedName, from seen: Int, to position: Int) async throws -> Int {
        logger.warning(
            "feed is ahead of what is recorded; it goes back",
            metadata: ["feed": "\(feed)", "from": "\(seen)", "to": "\(position)"]
        )
        _ = try await queue.feed(FeedStep(feed: feed, seen: seen, next: position, jobs: []))
        return 0
    }

    /// Looks for jobs that ought to have ended by now.
    private func look(in feed: FeedName) async throws {
        let overdue = try await source.overdue(in: feed, limit: Self.looksMax)
        guard !overdue.isEmpty else { return }
        // Asked before the jobs are looked for: what waits only moves forward.
        let isDeep = try await isLaneDeep()
        var looks: [FeedLook] = []
        for id in overdue {
            let finding: FeedLook.Finding
            switch try await queue.job(id) {
            case let record? where record.state == .dead:
                finding = .dead(reason: record.reason ?? "no reason was given")
            case .some: finding = .present
            case nil: finding = isDeep ? .present : .missing
            }
            looks.append(FeedLook(job: id, finding: finding))
        }
        let again = try await source.note(looks, in: feed)
        guard !again.isEmpty else { return }
        logger.warning(
            "jobs of a feed had gone from the queue and are put in again",
            metadata: ["feed": "\(feed)", "jobs": "\(again.count)"]
        )
        // Refused ones are looked for again.
        do throws(QueueError) {
            _ = try await queue.enqueue(again, call: newCall())
        } catch {
            guard case .overloaded(let lane, let wait) = error else { throw error }
            noteRest(wait, refusedLane: lane)
        }
    }

    /// Whether the lane of the feeds may hold jobs behind those that the queue looks at by id.
    ///
    /// Such a job is not found although it waits; to put it in again would only lengthen the lane.
    private func isLaneDeep() async throws(QueueError) -> Bool {
        try await queue.figures().ready[.low, default: 0] > QueueLimits.jobsPerCallMax
    }

    private func newCall() -> EnqueueCallID {
        do {
            return try EnqueueCallID("feed-\(ambient.newID().uuidString.lowercased())")
        } catch {
            preconditionFailure("A word and a UUID make an identifier.")
        }
    }
}
