package import Reports

/// One cause for what a queue or a job does, or does not.
package struct Explanation: Sendable, Equatable {
    package enum Cause: String, Sendable, CaseIterable {
        // Of a queue.
        case paused
        case noWorker = "no-worker"
        case upstreamQuiet = "upstream-quiet"
        case upstreamFull = "upstream-full"
        case upstreamRate = "upstream-rate"
        case upstreamRefuses = "upstream-refuses"
        case limit
        case suspects
        case saturated
        case stuck
        case waitingForTime = "waiting-for-time"
        case moving
        case idle

        // Of a job.
        case running
        case waiting
        case parked
        case suspect
        case dead
        case done
        case cancelled
        case outbox
        case uniqueKeyHeld = "unique-key-held"
        case unknown
    }

    package var cause: Cause

    /// A sentence without time, command or full stop.
    package var text: String

    /// Unix milliseconds; nil when nobody knows, or when there is no such moment.
    package var sinceMilliseconds: Int64?
    package var untilMilliseconds: Int64?

    /// What mends it, or looks further.
    package var command: String?

    /// Whether it holds all jobs that it is told of, and not only those of one limit key.
    package var isWhole: Bool

    package init(
        _ cause: Cause,
        _ text: String,
        since: Int64? = nil,
        until: Int64? = nil,
        command: String? = nil,
        isWhole: Bool = true
    ) {
        self.cause = cause
        self.text = text
        sinceMilliseconds = since
        untilMilliseconds = until
        self.command = command
        self.isWhole = isWhole
    }

    /// Whether it keeps work from moving that waits.
    package var isBlocking: Bool {
        switch cause {
        case .paused, .noWorker, .upstreamQuiet, .upstreamRefuses: true
        case .limit: isWhole
        default: false
        }
    }

    /// The sentence with its times, and the command on a line of its own.
    package func rendered(nowMilliseconds now: Int64) -> String {
        var line = text
        if let since = sinceMilliseconds {
            let span = Self.span(from: since, to: now)
            line += ", since \(TimeText.iso(milliseconds: since)) (\(span))"
        }
        if let until = untilMilliseconds {
            let span = Self.span(from: now, to: until)
            line += ", until \(TimeText.iso(milliseconds: until)) (in \(span))"
        }
        return command.map { "\(line)\n  -> \($0)" } ?? line
    }

    private static func span(from: Int64, to: Int64) -> String {
        TimeText.duration(.milliseconds(max(0, to - from)))
    }

    package var json: JSONValue {
        .fields(
            ("cause", .text(cause.rawValue)),
            ("text", .text(text)),
            ("since", .optional(sinceMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("until", .optional(untilMilliseconds.map(TimeText.iso(milliseconds:)))),
            ("command", .optional(command))
        )
    }
}
