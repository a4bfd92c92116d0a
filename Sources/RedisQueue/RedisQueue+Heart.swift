package import JobQueue
import Logging
import NIOCore
import RedisClient
import Synchronization

extension RedisQueue {
    package func keepAlive(
        every interval: Duration,
        presence: @escaping @Sendable () -> Presence,
        answer: @escaping @Sendable (BeatAnswer) -> Void
    ) async throws(QueueError) {
        let ending = HeartEnding()
        let beating = heart.scheduleRepeated(every: interval) { [self] in
            beat(presence(), answer, ending)
        }
        let error = await withTaskCancellationHandler {
            await ending.wait()
        } onCancel: {
            ending.end(.cancelled)
        }
        beating.cancel()
        throw error
    }

    /// One beat, on the event loop: no task is involved.
    private func beat(
        _ presence: Presence,
        _ answer: @escaping @Sendable (BeatAnswer) -> Void,
        _ ending: HeartEnding
    ) -> EventLoopFuture<Void> {
        let declared =
            keys.forWorkers + [keys.worker(presence.worker)] + presence.batches.map(keys.run)
        return heart.evaluateFuture(scripts.beat, keys: declared, arguments: arguments(presence))
            .flatMapThrowing { [self] reply in answer(try beatAnswer(reply)) }
            .flatMapErrorThrowing { [logger] error in
                let failure = (error as? RedisError).map { QueueError($0) } ?? error as? QueueError
                switch failure {
                case .refused, .layoutTooNew, .protocolViolation:
                    ending.end(failure ?? .cancelled)
                case .unavailable, .full, .payloadTooLarge, .cancelled, nil:
                    // The next beat repeats it; five may be lost before the lease ends.
                    logger.warning("a heartbeat failed", metadata: ["error": "\(error)"])
                }
            }
    }

    private func arguments(_ presence: Presence) -> [[UInt8]] {
        let texts: [String] = [
            presence.worker.text,
            String(tuning.lease.queueMilliseconds),
            presence.host,
            String(presence.processID),
            presence.version,
            String(presence.startedMilliseconds),
            String(presence.slots),
            String(presence.busy),
        ]
        return (texts + presence.batches.map(\.text)).map { Array($0.utf8) }
    }

    private func beatAnswer(_ reply: RedisValue) throws(QueueError) -> BeatAnswer {
        var reader = try ReplyReader(reply, of: scripts.beat)
        let lost = try reader.list()
        let cancelled = try reader.list()
        let remaining = try reader.list()
        var answer = BeatAnswer(lost: [], cancelled: [], remaining: [])
        for value in lost {
            guard let batch = value.text.flatMap({ Batch.Reference(text: $0) }) else {
                throw reader.violation("has a malformed batch")
            }
            answer.lost.append(batch)
        }
        for value in cancelled { answer.cancelled.append(try holder(value.text ?? "")) }
        answer.remaining = remaining.compactMap { $0.text.flatMap { Int($0) } }
        return answer
    }
}

/// Where `keepAlive` waits for its end.
private final class HeartEnding: Sendable {
    private struct State {
        var error: QueueError?
        var waiter: CheckedContinuation<QueueError, Never>?
    }

    private let state = Mutex(State())

    func wait() async -> QueueError {
        await withCheckedContinuation { continuation in
            let error = state.withLock { state in
                if state.error == nil { state.waiter = continuation }
                return state.error
            }
            if let error { continuation.resume(returning: error) }
        }
    }

    /// Only the first end counts.
    func end(_ error: QueueError) {
        let waiter = state.withLock { state in
            guard state.error == nil else {
                return nil as CheckedContinuation<QueueError, Never>?
            }
            state.error = error
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: error)
    }
}

extension RedisQueue: WorkQueue {}
