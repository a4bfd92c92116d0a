package import Foundation
package import JobQueue

/// One line of the timetable: which job comes when.
package struct Schedule: Sendable, Equatable {
    package var name: ScheduleName
    package var cadence: Cadence
    package var timeZone: TimeZone

    /// The job's kind, which is also the name of its queue.
    package var kind: String

    package var lane: Lane

    /// The job's arguments, a JSON object with sorted keys.
    package var payload: [UInt8]

    package var catchUp: CatchUp
    package var overlap: Overlap

    /// The job of a tick runs up to this much later than its instant.
    package var jitter: Duration

    package init(
        name: ScheduleName,
        cadence: Cadence,
        timeZone: TimeZone,
        kind: String,
        lane: Lane = .std,
        payload: [UInt8],
        catchUp: CatchUp = .latest,
        overlap: Overlap = .skip,
        jitter: Duration = .zero
    ) {
        self.name = name
        self.cadence = cadence
        self.timeZone = timeZone
        self.kind = kind
        self.lane = lane
        self.payload = payload
        self.catchUp = catchUp
        self.overlap = overlap
        self.jitter = jitter
    }

    package var occurrences: Occurrences {
        Occurrences(of: cadence, in: timeZone)
    }

    /// The next instants at which it fires, for people to look at.
    package func firings(after date: Date, count: Int) -> [Date] {
        var instants: [Date] = []
        var cursor = Int64(date.timeIntervalSince1970.rounded(.down))
        while instants.count < count, let next = occurrences.next(after: cursor) {
            instants.append(Date(timeIntervalSince1970: Double(next)))
            cursor = next
        }
        return instants
    }
}

/// Names a schedule for good: what it fired last is remembered under it.
///
/// Letters, digits, `.`, `_` and `-`, at most 60, beginning with a letter or digit.
package struct ScheduleName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let lengthMax = 60

    package let text: String

    /// A name, or nil when the text is none.
    package init?(_ text: String) {
        guard (1...Self.lengthMax).contains(text.utf8.count),
            text.utf8.first.map(Self.isAlphanumeric) == true,
            text.utf8.allSatisfy({ Self.isAlphanumeric($0) || "._-".utf8.contains($0) })
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool {
        left.text < right.text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x61...0x7A).contains(byte)
    }
}

/// What becomes of instants that passed while nobody fired them.
package enum CatchUp: Sendable, Equatable {
    case skip

    /// The newest one alone.
    case latest

    /// Each of them, oldest first, but only the newest `max` that are no older than `within`.
    case all(max: Int, within: Duration)

    package static let countDefault = 24
    package static let countMax = 1000
    package static let withinDefault = Duration.seconds(24 * 60 * 60)
    package static let withinMax = Duration.seconds(31 * 24 * 60 * 60)
}

/// What becomes of a tick while the job of an earlier one is still there.
package enum Overlap: String, Sendable, CaseIterable {
    /// Nothing is queued.
    case skip

    /// One is queued, unless one waits already.
    case queueOne = "queue-one"

    case allow
}
