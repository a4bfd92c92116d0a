import JobQueue
import Synchronization

/// One attempt that has ended.
struct EndedAttempt<Effect: Sendable>: Sendable {
    let run: BatchRun
    let position: Int
    let end: AttemptEnd<Effect>
    let stop: StopReason?
    let duration: Duration
}

/// One attempt that goes on.
struct RunningAttempt: Sendable {
    let run: BatchRun
    let position: Int
    let started: Duration
    var stop: (reason: StopReason, at: Duration)?

    /// Settled without waiting for the handler, whose result will not be looked at.
    var isAbandoned = false

    var job: Job { run.batch.jobs[position] }
}

/// The place of one handler: what it runs, and the results it has laid down.
///
/// Its lock is taken by its own handler at each job's begin and end, and by others only to look,
/// to collect or to stop; so it is all but never contended.
final class Station<Effect: Sendable>: Sendable {
    private struct State {
        var running: RunningAttempt?
        var ended: [EndedAttempt<Effect>] = []
        var guardian: CheckedContinuation<Void, Never>?
        var isStopping = false
    }

    private let state = Mutex(State())

    var running: RunningAttempt? { state.withLock { $0.running } }

    func begin(_ run: BatchRun, _ position: Int, at now: Duration) {
        state.withLock {
            $0.running = RunningAttempt(run: run, position: position, started: now)
        }
    }

    /// Lays a result down; returns whether the handler may go on to another job.
    ///
    /// A handler whose job was stopped ends with it: its task is cancelled, or will be in a
    /// moment, and that must not meet the next job.
    func end(_ end: AttemptEnd<Effect>, at now: Duration) -> Bool {
        state.withLock { state in
            guard let running = state.running else { return true }
            state.running = nil
            if !running.isAbandoned {
                state.ended.append(
                    EndedAttempt(
                        run: running.run,
                        position: running.position,
                        end: end,
                        stop: running.stop?.reason,
                        duration: now - running.started
                    )
                )
            }
            return running.stop == nil
        }
    }

    func collect() -> [EndedAttempt<Effect>] {
        state.withLock { state in
            guard !state.ended.isEmpty else { return [] }
            defer { state.ended = [] }
            return state.ended
        }
    }

    /// Ends the running attempt from outside if it meets a condition and was not stopped before.
    func stop(at now: Duration, where reason: (RunningAttempt) -> StopReason?) {
        let guardian = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let running = state.running, running.stop == nil, let why = reason(running)
            else { return nil }
            state.running?.stop = (why, now)
            state.isStopping = true
            defer { state.guardian = nil }
            return state.guardian
        }
        guardian?.resume()
    }

    /// Gives the running attempt up if it is still this one; its result will be dropped.
    func abandon(_ attempt: RunningAttempt) -> Bool {
        state.withLock { state in
            guard let running = state.running, running.run === attempt.run,
                running.position == attempt.position, !running.isAbandoned
            else { return false }
            state.running?.isAbandoned = true
            return true
        }
    }

    /// Waits until the running attempt is stopped, or the task is cancelled.
    func stopRequested() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isStopping || Task.isCancelled { return true }
                    state.guardian = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let guardian = state.withLock { state in
                defer { state.guardian = nil }
                return state.guardian
            }
            guardian?.resume()
        }
    }

    /// Makes the place ready for the next handler.
    func reset() {
        state.withLock { $0.isStopping = false }
    }
}
