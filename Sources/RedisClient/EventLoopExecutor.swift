package import NIOCore

/// Runs tasks on an event loop, so that a task which talks to a connection of that loop changes
/// no thread between a reply and what it sends next.
///
/// Only for tasks that never compute for long: the loop's connections wait meanwhile.
package final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
