package import Foundation

/// The instants at which a cadence fires in a time zone.
///
/// Local time is read off UTC instants; nothing is asked of a calendar, whose search skips hours
/// where the clock is changed. Where the clock is put forward, whatever local times of the gap
/// match fire together, once, at the first instant after it. Where it is put back, a local time
/// that occurs twice fires at its first occurrence when the hour field names fixed hours, and at
/// both when it is `*` or has a step.
package struct Occurrences: Sendable {
    package let cadence: Cadence
    package let timeZone: TimeZone

    package init(of cadence: Cadence, in timeZone: TimeZone) {
        self.cadence = cadence
        self.timeZone = timeZone
    }

    /// The first firing after an instant.
    ///
    /// - Parameter instant: Unix seconds.
    /// - Returns: Unix seconds; nil when nothing fires within some forty years.
    package func next(after instant: Int64) -> Int64? {
        switch cadence {
        case .every(let seconds):
            (instant.floored(by: seconds) + 1) * seconds
        case .cron(let expression):
            next(of: expression, from: instant + 1)
        }
    }

    /// The newest firings up to an instant, oldest first.
    ///
    /// - Parameters:
    ///   - count: Most firings to return.
    ///   - start: Unix seconds; firings at or before it are left out.
    ///   - end: Unix seconds, included.
    /// - Returns: Unix seconds, rising.
    package func newest(_ count: Int, after start: Int64, through end: Int64) -> [Int64] {
        precondition(count >= 1, "At least one firing is asked for.")
        // Looks back over spans that grow fourfold, so that the work is bounded by a small
        // multiple of what is returned, however long ago `start` is.
        var span: Int64 = 60
        while true {
            let from = max(start, end - span)
            var found: [Int64] = []
            var cursor = from
            while let instant = next(after: cursor), instant <= end {
                found.append(instant)
                cursor = instant
            }
            if found.count >= count || from == start { return found.suffix(count) }
            span *= 4
        }
    }

    private func next(of expression: CronExpression, from earliest: Int64) -> Int64? {
        var cursor = earliest
        // Local times before this one have fired already, before the clock was put back.
        var localFloor = Int64.min
        if let change = lastChange(atOrBefore: cursor) {
            if change.instant == cursor, isInGap(expression, change) { return cursor }
            localFloor = self.localFloor(of: expression, after: change)
        }
        let lastInstant = earliest + CronExpression.horizonDays * CronExpression.secondsPerDay
        while cursor <= lastInstant {
            let offset = self.offset(at: cursor)
            guard let local = expression.nextMatch(from: max(cursor + offset, localFloor)) else {
                return nil
            }
            let candidate = local - offset
            guard let change = firstChange(after: cursor, through: candidate) else {
                return candidate
            }
            if isInGap(expression, change) { return change.instant }
            localFloor = self.localFloor(of: expression, after: change)
            cursor = change.instant
        }
        return nil
    }

    private func isInGap(_ expression: CronExpression, _ change: OffsetChange) -> Bool {
        guard change.after > change.before,
            let local = expression.nextMatch(from: change.instant + change.before)
        else { return false }
        return local < change.instant + change.after
    }

    private func localFloor(of expression: CronExpression, after change: OffsetChange) -> Int64 {
        expression.isHourRecurring ? .min : change.instant + change.before
    }
}

/// An instant at which a zone's distance from UTC changes.
struct OffsetChange: Equatable {
    /// The first instant with the new offset, in Unix seconds.
    var instant: Int64

    /// Seconds east of UTC.
    var before: Int64
    var after: Int64
}

extension Occurrences {
    /// Zones do not change their offset twice within this time.
    private static let stride: Int64 = 12 * 3600

    /// No clock is put back by more than a day.
    private static let foldMax: Int64 = 25 * 3600

    func offset(at instant: Int64) -> Int64 {
        Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
    }

    /// The last change within `foldMax` up to and including an instant.
    func lastChange(atOrBefore instant: Int64) -> OffsetChange? {
        var upper = instant
        let end = instant - Self.foldMax
        while upper > end {
            let lower = max(end, upper - Self.stride)
            if let change = change(after: lower, through: upper) { return change }
            upper = lower
        }
        return nil
    }

    /// The first change after one instant and not after another.
    func firstChange(after start: Int64, through end: Int64) -> OffsetChange? {
        var lower = start
        while lower < end {
            let upper = min(end, lower + Self.stride)
            if let change = change(after: lower, through: upper) { return change }
            lower = upper
        }
        return nil
    }

    private func change(after start: Int64, through end: Int64) -> OffsetChange? {
        let (before, after) = (offset(at: start), offset(at: end))
        guard before != after else { return nil }
        var (lower, upper) = (start, end)
        while upper - lower > 1 {
            let middle = lower + (upper - lower) / 2
            if offset(at: middle) == before { lower = middle } else { upper = middle }
        }
        return OffsetChange(instant: upper, before: before, after: after)
    }
}
