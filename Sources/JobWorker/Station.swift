import JobQueue
import Synchronization

/// Attempts at jobs of one batch that have ended.
struct EndedAttempts: Sendable {
    let run: BatchRun
    var attempts: [EndedAttempt]
}

/// One attempt that has ended.
struct EndedAttempt: Sendable {
    let position: Int
    let end: AttemptEnd<AnyEffect>
    let stop: StopReason?
    let duration: Duration
}

/// One attempt that goes on, at a job of a batch.
struct RunningAttempt: Sendable {
    let run: BatchRun
    var state: AttemptState

    var position: Int { state.position }
    var started: Duration { state.started }
    var stop: (reason: StopReason, at: Duration)? { state.stop }
    var isAbandoned: Bool { state.isAbandoned }
    var job: Job { run.batch.jobs[position] }
}

/// How far an attempt is.
struct AttemptState: Sendable {
    let position: Int
    let started: Duration
    var stop: (reason: StopReason, at: Duration)?

    /// Settled without waiting for the handler, whose result will not be looked at.
    var isAbandoned = false
}

/// The place of one handler: what it runs, and the results it has laid down.
///
/// Its lock is taken by its own handler at each job's begin and end, and by others only to look,
/// to collect or to stop; so it is all but never contended. A batch is named once for all of its
/// attempts here: counting its references up and down for each would be, by all places at once.
final class Station: Sendable {
    private struct State {
        var run: BatchRun?
        var attempt: AttemptState?
        var ended: [EndedAttempts] = []
        var guardian: CheckedContinuation<Void, Never>?
        var isStopping = false

        var running: RunningAttempt? {
            guard let run, let attempt else { return nil }
            return RunningAttempt(run: run, state: attempt)
        }
    }

    private let state = Mutex(State())

    var running: RunningAttempt? { state.withLock { $0.running } }

    /// Begins a walk of a batch.
    func enter(_ run: BatchRun) {
        state.withLock { $0.run = run }
    }

    /// Ends the walk.
    func leave() {
        state.withLock { $0.run = nil }
    }

    /// Begins an attempt at one of its jobs.
    func begin(_ position: Int, at now: Duration) {
        state.withLock { $0.attempt = AttemptState(position: position, started: now) }
    }

    /// Lays a result down; returns whether the handler may go on to another job.
    ///
    /// A handler whose job was stopped ends with it: its task is cancelled, or will be in a
    /// moment, and that must not meet the next job.
    func end(_ end: AttemptEnd<AnyEffect>, at now: Duration) -> Bool {
        state.withLock { state in
            guard let attempt = state.attempt else { return true }
            state.attempt = nil
            if !attempt.isAbandoned {
                let last = state.ended.count - 1
                if last < 0 || state.ended[last].run !== state.run {
                    guard let run = state.run else {
                        preconditionFailure("An attempt belongs to a batch that was entered.")
                    }
                    state.ended.append(EndedAttempts(run: run, attempts: []))
                }
                state.ended[state.ended.count - 1].attempts.append(
                    EndedAttempt(
                        position: attempt.position,
                        end: end,
                        stop: attempt.stop?.reason,
                        duration: now - attempt.started
                    )
                )
            }
            return attempt.stop == nil
        }
    }

    func collect() -> [EndedAttempts] {
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
            state.attempt?.stop = (why, now)
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
            state.attempt?.isAbandoned = true
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
