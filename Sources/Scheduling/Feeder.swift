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
    /// - Returns: How many jobs were handed out.
    /// - Throws: What the source or the queue throws; the next round goes on from what stands.
    @discardableResult
    package func round() async throws -> Int {
        let feeds = try await source.feeds()
        endedBefore.withLock { $0 = $0.filter { feeds.contains($0.key) } }
        guard !feeds.isEmpty else { return 0 }
        let slots = try await queue.figures().slots
        var total = 0
        for feed in feeds {
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
        case .closed: return 0
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
        for _ in 0..<Self.partsMax where room > 0 && at < progress.count {
            let part = try await source.part(of: feed, from: at, jobsMax: room)
            let step = FeedStep(feed: feed, seen: seen, next: part.end, jobs: part.jobs)
            guard case .fed = try await queue.feed(step) else { break }
            at = part.end
            seen = part.end
            room -= part.jobs.count
            total += part.jobs.count
        }
        return total
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
        var looks: [FeedLook] = []
        for id in try await source.overdue(in: feed, limit: Self.looksMax) {
            let finding: FeedLook.Finding
            switch try await queue.job(id) {
            case let record? where record.state == .dead:
                finding = .dead(reason: record.reason ?? "no reason was given")
            case .some: finding = .present
            case nil: finding = .missing
            }
            looks.append(FeedLook(job: id, finding: finding))
        }
        guard !looks.isEmpty else { return }
        let again = try await source.note(looks, in: feed)
        guard !again.isEmpty else { return }
        logger.warning(
            "jobs of a feed had gone from the queue and are put in again",
            metadata: ["feed": "\(feed)", "jobs": "\(again.count)"]
        )
        _ = try await queue.enqueue(again, call: newCall())
    }

    private func newCall() -> EnqueueCallID {
        do {
            return try EnqueueCallID("feed-\(ambient.newID().uuidString.lowercased())")
        } catch {
            preconditionFailure("A word and a UUID make an identifier.")
        }
    }
}
