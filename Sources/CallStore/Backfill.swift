/// A long range of the upstream's history, read slice by slice.
package struct Backfill: Hashable, Sendable {
    package enum State: String, Sendable, CaseIterable, Codable {
        case running
        case paused
        case cancelled

        /// Every slice has ended, however.
        case done
    }

    /// Who stopped it, why and when.
    package struct Pause: Hashable, Sendable {
        package var person: String
        package var reason: String
        package var atMilliseconds: Int64
    }

    /// How many slices have ended how.
    package struct Counts: Hashable, Sendable {
        package var done = 0
        package var failed = 0

        /// Passed over, for they were complete before.
        package var skipped = 0
        package var cancelled = 0

        package init(done: Int = 0, failed: Int = 0, skipped: Int = 0, cancelled: Int = 0) {
            self.done = done
            self.failed = failed
            self.skipped = skipped
            self.cancelled = cancelled
        }

        package var ended: Int { done + failed + skipped + cancelled }
    }

    package var id: BackfillID
    package var range: BackfillRange
    package var state: State
    package var counts: Counts

    /// Every slice before this position was handed out or passed over.
    package var handedOut: Int

    /// Calls that its finished slices saw, and requests to the upstream that they made.
    package var calls: Int
    package var requests: Int
    package var person: String
    package var createdMilliseconds: Int64
    package var pause: Pause?
    package var endedMilliseconds: Int64?

    package var left: Int { state == .cancelled ? 0 : range.slices - counts.ended }
}

/// Names a backfill: a short text without `/`, which parts it from the position in a job's id.
package struct BackfillID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ text: String) {
        let isFine = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
        }
        guard isFine, (1...60).contains(text.utf8.count) else { return nil }
        self.text = text
    }

    package var description: String { text }
}

/// What a backfill reads, cut into slices of one length; the last one may be shorter.
package struct BackfillRange: Hashable, Sendable {
    package var workspace: String

    /// Only this agent's calls; nil for all.
    package var agentID: String?

    /// Starts of calls, Unix seconds, from inclusive, to exclusive.
    package var fromUnix: Int64
    package var toUnix: Int64
    package var sliceSeconds: Int64

    /// Whether slices that were complete before are read again.
    package var rereads: Bool

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        agentID: String? = nil,
        fromUnix: Int64,
        toUnix: Int64,
        sliceSeconds: Int64,
        rereads: Bool = false
    ) {
        precondition(fromUnix < toUnix && sliceSeconds >= 1, "A backfill has a slice.")
        self.workspace = workspace
        self.agentID = agentID
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.sliceSeconds = sliceSeconds
        self.rereads = rereads
    }

    package var slices: Int {
        Int((toUnix - fromUnix + sliceSeconds - 1) / sliceSeconds)
    }

    /// The starts that a slice covers.
    package func slice(_ position: Int) -> Range<Int64> {
        let from = fromUnix + Int64(position) * sliceSeconds
        return from..<min(from + sliceSeconds, toUnix)
    }
}

/// One slice of a backfill, as its jobs name it.
package struct SliceReference: Hashable, Sendable {
    package var backfill: BackfillID
    package var position: Int

    package init(backfill: BackfillID, position: Int) {
        self.backfill = backfill
        self.position = position
    }
}

/// How a slice stands.
package struct BackfillSlice: Hashable, Sendable {
    package enum State: String, Sendable, CaseIterable, Codable {
        /// Its job was handed to the queue.
        case queued

        /// Some of its pages are read; a job of the outbox goes on.
        case walking
        case done
        case failed
        case skipped
        case cancelled

        package var isEnded: Bool { self != .queued && self != .walking }
    }

    package var position: Int
    package var state: State
    package var jobID: String
    package var calls: Int
    package var requests: Int
    package var reason: String?
    package var changedMilliseconds: Int64
}

/// How a backfill stood at a moment.
package struct PaceSample: Hashable, Sendable {
    /// Unix milliseconds.
    package var atMilliseconds: Int64

    /// Slices that had ended.
    package var ended: Int

    /// Requests to the upstream that its slices had made.
    package var requests: Int

    /// Requests that the upstream's budget allowed at once.
    package var parallel: Int

    package init(atMilliseconds: Int64, ended: Int, requests: Int, parallel: Int) {
        self.atMilliseconds = atMilliseconds
        self.ended = ended
        self.requests = requests
        self.parallel = parallel
    }
}

/// A range of starts of calls that was listed to its end.
package struct Coverage: Hashable, Sendable {
    package var fromUnix: Int64
    package var toUnix: Int64
    package var calls: Int
    package var requests: Int

    package init(fromUnix: Int64, toUnix: Int64, calls: Int, requests: Int) {
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.calls = calls
        self.requests = requests
    }
}

extension [Coverage] {
    /// Whether one of these stretches, between which there are gaps, holds a range.
    package func covers(_ range: Range<Int64>) -> Bool {
        range.isEmpty
            || contains { $0.fromUnix <= range.lowerBound && $0.toUnix >= range.upperBound }
    }

    /// Adds a part that begins no earlier than the last one; what touches becomes one.
    mutating func append(joining part: Coverage) {
        guard let last = indices.last, self[last].toUnix >= part.fromUnix else {
            append(part)
            return
        }
        self[last].toUnix = Swift.max(self[last].toUnix, part.toUnix)
        self[last].calls += part.calls
        self[last].requests += part.requests
    }
}
