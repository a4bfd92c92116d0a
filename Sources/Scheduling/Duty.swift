package import Ambient
package import Logging

/// Something the scheduler's process does again and again besides its schedules.
package struct Duty: Sendable {
    package var name: String

    /// Time between the end of one run and the beginning of the next, before jitter.
    package var interval: Duration

    /// One bounded piece of work; what it throws is logged once, and it is tried again.
    package var work: @Sendable () async throws -> Void

    package init(
        name: String,
        interval: Duration,
        work: @escaping @Sendable () async throws -> Void
    ) {
        precondition(interval > .zero, "A duty rests between two runs.")
        self.name = name
        self.interval = interval
        self.work = work
    }

    /// A failing duty rests up to this many times its interval.
    package static let restFactorMax = 8

    /// Does the work until the task is cancelled.
    package func run(ambient: Ambient, logger: Logger) async {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await work()
                if failures > 0 {
                    logger.notice("duty works again", metadata: ["duty": "\(name)"])
                }
                failures = 0
            } catch is CancellationError where Task.isCancelled {
                return
            } catch {
                failures += 1
                if failures == 1 {
                    logger.error(
                        "duty failed and is tried again",
                        metadata: ["duty": "\(name)", "error": "\(error)"]
                    )
                }
            }
            let factor = min(1 << min(failures, 10), Self.restFactorMax)
            do {
                try await ambient.sleep(for: interval * factor * (0.75 + ambient.chance() / 2))
            } catch {
                return
            }
        }
    }
}
