package import JobQueue
package import JobWorker

/// The five kinds of jobs; each has a queue of the same name.
package enum JobKind: String, Sendable, CaseIterable, Codable {
    case sync
    case attribution
    case conversion
    case export
    case upkeep

    /// The queue that its jobs wait in.
    package var queue: QueueName {
        do {
            return try QueueName(rawValue)
        } catch {
            preconditionFailure("The names of the kinds are identifiers.")
        }
    }

    /// The limit key of its jobs that bring none of their own: the upstream that they ask.
    package var usualLimit: LimitKey? {
        guard self == .sync else { return nil }
        do {
            return try LimitKey("upstream:elevenlabs")
        } catch {
            preconditionFailure("The key is an identifier.")
        }
    }

    /// How its jobs are run; asked by every handler.
    package var policy: JobPolicy {
        switch self {
        case .sync:
            // A page of 100 details at 3 in flight takes about a minute of a slow upstream.
            JobPolicy(timeout: .seconds(300))
        case .attribution, .conversion:
            JobPolicy(timeout: .seconds(120))
        case .export:
            // A million rows take seconds; a slow disk and many columns a few minutes.
            JobPolicy(
                retry: RetryPolicy(attemptsMax: 6),
                timeout: .seconds(3600),
                runsAlone: true
            )
        case .upkeep:
            JobPolicy(retry: RetryPolicy(attemptsMax: 6), timeout: .seconds(600))
        }
    }
}

extension JobPolicy {
    /// How long a unique key outlives its last renewal: the retries and the attempts themselves.
    package var uniqueHorizon: Duration {
        retry.horizon + timeout * retry.attemptsMax
    }
}
