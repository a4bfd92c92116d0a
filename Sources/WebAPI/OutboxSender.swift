import CallJobs
import CallStore
import ServiceLifecycle

/// Sends the jobs of accepted webhooks and of people's changes to their queues, behind the answer.
///
/// The job is safe in the outbox when the request is answered, so the answer does not wait for
/// Redis. What does not fit, or is not sent before the process ends, the scheduler's sweep sends.
struct OutboxSender: Service {
    private let relay: OutboxRelay
    private let entries: AsyncStream<[OutboxEntry]>
    private let continuation: AsyncStream<[OutboxEntry]>.Continuation

    init(relay: OutboxRelay) {
        self.relay = relay
        (entries, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(WebLimits.sendingsMax)
        )
    }

    func send(_ entries: [OutboxEntry]) {
        if !entries.isEmpty { continuation.yield(entries) }
    }

    /// Sends until the server ends gracefully, then what is left; a cancellation ends it at once.
    func run() async {
        await withGracefulShutdownHandler {
            for await entries in entries {
                await relay.send(entries)
            }
        } onGracefulShutdown: {
            continuation.finish()
        }
    }
}
