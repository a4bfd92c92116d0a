import JobQueue
import Synchronization

/// The schedules that a scheduler runs now; they may be replaced as a whole while it runs.
package final class Timetable: Sendable {
    private struct State {
        var version = 0
        var schedules: [Schedule]
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let state: Mutex<State>

    /// A timetable of checked schedules.
    ///
    /// - Throws: `SchedulerError.duplicate` when a name stands twice.
    package init(_ schedules: [Schedule]) throws(SchedulerError) {
        try Self.check(schedules)
        state = Mutex(State(schedules: schedules))
    }

    package var schedules: [Schedule] { state.withLock { $0.schedules } }

    /// Puts others in their place; a schedule that stays goes on where it was.
    ///
    /// - Returns: Whether anything has changed.
    /// - Throws: `SchedulerError.duplicate`; then the old ones stay.
    package func replace(with schedules: [Schedule]) throws(SchedulerError) -> Bool {
        try Self.check(schedules)
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
            guard state.schedules != schedules else { return nil }
            state.schedules = schedules
            state.version += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters ?? [] { waiter.resume() }
        return waiters != nil
    }

    var current: (version: Int, schedules: [Schedule]) {
        state.withLock { ($0.version, $0.schedules) }
    }

    /// Waits until there is another version, or the task is cancelled.
    func changed(from version: Int) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.version != version || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    private static func check(_ schedules: [Schedule]) throws(SchedulerError) {
        var names: Set<ScheduleName> = []
        for schedule in schedules {
            guard names.insert(schedule.name).inserted else { throw .duplicate(schedule.name) }
        }
    }
}
