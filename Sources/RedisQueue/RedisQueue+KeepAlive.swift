package import JobQueue
import Logging
import NIOCore
import RedisClient
import Synchronization

extension RedisQueue {
    /// Answers in a row that nobody understands, after which beating ends: one alone may be of a
    /// state of the server that passes, and the end of the beats is that of the worker.
    private static let strangeAnswersMax = 3

    /// Beats from the event loop of its connection, by that loop's timer.
    ///
    /// No task takes part until the end: four handlers that spun for 4 s on two cores held a
    /// task's beats back for 8 s.
    package func keepAlive(
        every interval: Duration,
        presence: @escaping @Sendable () -> Presence,
        answer: @escaping @Sendable (BeatAnswer) -> Void
    ) async throws(QueueError) {
        let client = beats
        let heartbeat = Heartbeat()
        let beating = client.scheduleRepeated(every: interval) { [self] in
            let presence = presence()
            let call = calls.beat(presence)
            let beat = client.evaluateFuture(
                call.script,
                keys: call.keys,
                arguments: call.arguments
            )
            .map { value in self.report(value, to: presence, answer, heartbeat) }
            .recover { error in self.failed(error, heartbeat) }
            heartbeat.sent(beat)
            return beat
        }
        let end = await withTaskCancellationHandler {
            await heartbeat.end()
        } onCancel: {
            heartbeat.finish(.cancelled)
        }
        beating.cancel()
        // A beat that is still on its way would undo the worker's leave.
        await heartbeat.quiet(on: client.eventLoop)
        throw end
    }

    private func report(
        _ value: RedisValue,
        to presence: Presence,
        _ answer: (BeatAnswer) -> Void,
        _ heartbeat: Heartbeat
    ) {
        do throws(QueueError) {
            answer(try ScriptReply(value).beatAnswer(to: presence))
            heartbeat.wasUnderstood()
        } catch {
            failed(error, heartbeat)
        }
    }

    /// Ends beating that is no use; any other failure is repeated with the next beat.
    private func failed(_ error: any Error, _ heartbeat: Heartbeat) {
        guard let error = error as? RedisError else { return }
        if error == .server(.readOnly) {
            // A failover ends.
            logger.warning("a beat failed", metadata: ["error": "\(error)"])
        } else {
            failed(QueueError(error), heartbeat)
        }
    }

    private func failed(_ error: QueueError, _ heartbeat: Heartbeat) {
        switch error {
        case .refused, .layoutTooNew:
            heartbeat.finish(error)
        case .protocolViolation where heartbeat.wasStrange() >= Self.strangeAnswersMax:
            heartbeat.finish(error)
        case .protocolViolation, .unavailable, .full, .overloaded, .payloadTooLarge,
            .cancelled:
            logger.warning("a beat failed", metadata: ["error": "\(error)"])
        }
    }
}

/// Where a task waits for the end of its beats.
private final class Heartbeat: Sendable {
    private enum State {
        case beating
        case waiting(CheckedContinuation<QueueError, Never>)
        case ended(QueueError)
    }

    private let state = Mutex(State.beating)
    private let latest = Mutex<EventLoopFuture<Void>?>(nil)
    private let strange = Mutex(0)

    func wasUnderstood() {
        strange.withLock { $0 = 0 }
    }

    /// Counts an answer that nobody understands; how many came in a row.
    func wasStrange() -> Int {
        strange.withLock { count in
            count += 1
            return count
        }
    }

    /// Remembers the beat that went out last.
    func sent(_ beat: EventLoopFuture<Void>) {
        latest.withLock { $0 = beat }
    }

    /// Waits until the last beat has its answer or has failed.
    func quiet(on eventLoop: any EventLoop) async {
        // After this turn of the loop no further beat can begin.
        await Self.ended(eventLoop.submit {})
        if let beat = latest.withLock({ $0 }) { await Self.ended(beat) }
    }

    private static func ended(_ future: EventLoopFuture<Void>) async {
        await withCheckedContinuation { continuation in
            future.whenComplete { _ in continuation.resume() }
        }
    }

    /// Suspends until somebody says that it is over; one task calls this once.
    func end() async -> QueueError {
        await withCheckedContinuation { continuation in
            let end: QueueError? = state.withLock { state in
                if case .ended(let error) = state { return error }
                state = .waiting(continuation)
                return nil
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    /// The first end counts.
    func finish(_ error: QueueError) {
        let continuation: CheckedContinuation<QueueError, Never>? = state.withLock { state in
            switch state {
            case .beating:
                state = .ended(error)
                return nil
            case .waiting(let continuation):
                state = .ended(error)
                return continuation
            case .ended:
                return nil
            }
        }
        continuation?.resume(returning: error)
    }
}
