import Ambient
import Foundation
import Synchronization
import TestSupport

/// A wall clock that the test moves, and a clock whose sleeps are over at once.
///
/// A sleep moves the elapsed time alone, so that a poll with all its waits happens at one moment
/// of the wall.
final class WallTime: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Self { Self(offset: offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - offset }
        static func < (first: Self, second: Self) -> Bool { first.offset < second.offset }
    }

    private let seconds: Mutex<Int>
    private let offset = Mutex(Duration.zero)

    init(_ seconds: Int) {
        self.seconds = Mutex(seconds)
    }

    var now: Instant { Instant(offset: offset.withLock { $0 }) }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        offset.withLock { $0 = max($0, deadline.offset) }
        await Task.yield()
    }

    var unix: Int { seconds.withLock { $0 } }

    func set(_ moment: Int) {
        seconds.withLock { $0 = moment }
    }

    /// Lets time pass that somebody else waits for.
    func pass(_ duration: Duration) {
        offset.withLock { $0 += duration }
    }

    /// The ambient of a stage whose wall is this much ahead.
    func ambient(seed: UInt64, ahead: Int = 0) -> Ambient {
        let live = Ambient.live(seed: seed)
        return Ambient(
            clock: self,
            elapsed: { self.now.offset },
            now: { Date(timeIntervalSince1970: Double(self.unix + ahead)) },
            newID: live.newID,
            chance: live.chance
        )
    }
}
