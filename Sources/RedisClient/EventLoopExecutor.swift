package import NIOCore
import Synchronization

/// Runs tasks on an event loop, so that a task which talks to a connection of that loop changes
/// no thread between a reply and what it sends next.
///
/// Only for tasks that never compute for long: the loop's connections wait meanwhile.
package final class EventLoopExecutor: TaskExecutor {
    /// Jobs that run at once after one reading: the task that asked, and the one that it answers to.
    ///
    /// More take their turn with the loop's other work, above all with the writing of what those have
    /// sent: with 64, a full queue was drained a quarter slower.
    private static let jobsAtOnceMax = 2

    private struct State {
        var isGathering = false
        var jobs = CircularBuffer<UnownedJob>()
    }

    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isGathered =
            eventLoop.inEventLoop
            && state.withLock { state in
                if state.isGathering { state.jobs.append(job) }
                return state.isGathering
            }
        if !isGathered { runLater(job) }
    }

    /// Tells tasks something on the event loop, and runs those of this executor that it wakes, and
    /// what these wake, before the loop reads its next connection.
    ///
    /// - Parameter tell: Wakes tasks; must not wait.
    package func waking(_ tell: () -> Void) {
        eventLoop.preconditionInEventLoop()
        state.withLock { $0.isGathering = true }
        tell()
        for _ in 0..<Self.jobsAtOnceMax {
            guard let job = state.withLock({ $0.jobs.popFirst() }) else { break }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
        let rest = state.withLock { state in
            state.isGathering = false
            defer { state.jobs.removeAll(keepingCapacity: true) }
            return Array(state.jobs)
        }
        for job in rest { runLater(job) }
    }

    private func runLater(_ job: UnownedJob) {
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
