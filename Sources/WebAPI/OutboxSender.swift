import CallJobs
import CallStore
import ServiceLifecycle
import Synchronization

/// Sends the jobs of accepted webhooks and of people's changes to their queues, behind the answer.
///
/// The job is safe in the outbox when the request is answered, so the answer does not wait for
/// Redis. What does not fit, or is not sent before the process ends, the scheduler's sweep sends.
final class OutboxSender: Service, Sendable {
    private let relay: OutboxRelay
    private let entries: AsyncStream<[OutboxEntry]>
    private let continuation: AsyncStream<[OutboxEntry]>.Continuation

    /// Commits whose jobs wait to be sent.
    private let owed = Mutex(0)

    init(relay: OutboxRelay) {
        self.relay = relay
        (entries, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(WebLimits.sendingsMax)
        )
    }

    func send(_ entries: [OutboxEntry]) {
        guard !entries.isEmpty else { return }
        // Counted before it can be sent, so that the count never falls below what waits.
        owed.withLock { $0 += 1 }
        if case .enqueued = continuation.yield(entries) { return }
        owed.withLock { $0 -= 1 }
    }

    /// Sends until the server ends gracefully, then what is left; a cancellation ends it at once.
    ///
    /// No commit of the server's takes along what is to be noted of the sendings, so it is written
    /// here: when nothing else waits to be sent, and before it is old.
    func run() async {
        await withGracefulShutdownHandler {
            for await jobs in entries {
                await relay.send(jobs)
                let isLast = owed.withLock { owed in
                    owed -= 1
                    return owed == 0
                }
                await relay.note(ifOlderThan: isLast ? .zero : OutboxRelay.notesWait)
            }
        } onGracefulShutdown: { [continuation] in
            continuation.finish()
        }
    }
}
