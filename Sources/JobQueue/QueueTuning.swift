/// The limits that one queue works with; tests use smaller ones.
///
/// All processes of a queue must use the same: each carries them in its scripts.
package struct QueueTuning: Sendable, Equatable {
    package var lease = QueueLimits.lease
    package var grace = QueueLimits.grace
    package var suspectAgeMax = QueueLimits.suspectAgeMax
    package var callMemory = QueueLimits.callMemory
    package var batchBytesMax = QueueLimits.batchBytesMax
    package var payloadBytesMax = QueueLimits.payloadBytesMax
    package var crashesMax = QueueLimits.crashesMax
    package var deadMax = QueueLimits.deadMax
    package var deadAge = QueueLimits.deadAge
    package var marks = PressureMarks()

    package init() {}

    /// How long a worker keeps the duty of running suspects while it runs none.
    package var soloDuty: Duration { lease * QueueLimits.soloDutyLeases }
}

/// Durations as the queue counts them.
extension Duration {
    /// Whole milliseconds, rounded up, so that a positive wait never becomes none.
    ///
    /// Never negative, and at most 100 years: later is never, and the scripts' numbers stay exact.
    package var queueMilliseconds: Int64 {
        let century: Int64 = 100 * 365 * 24 * 60 * 60 * 1000
        let (seconds, attoseconds) = components
        guard seconds < century / 1000 else { return century }
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return max(0, seconds * 1000 + rest)
    }
}

/// Texts that people read beside a job.
package enum QueueText {
    /// The text, cut at a character's end so that it has at most `reasonBytesMax` bytes.
    package static func clipped(_ text: String) -> String {
        guard text.utf8.count > QueueLimits.reasonBytesMax else { return text }
        var end = text.startIndex
        var bytes = 0
        for index in text.indices {
            bytes += text[index].utf8.count
            if bytes > QueueLimits.reasonBytesMax { break }
            end = text.index(after: index)
        }
        return String(text[..<end])
    }
}
