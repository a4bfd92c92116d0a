package import Ambient
import Foundation
package import Hosting

/// Keeps one child running until it is told to stop it.
package struct ChildKeeper: Sendable {
    package let child: Child

    /// Asks the keeper to end the child and itself.
    package let stop = Shutdown()

    /// Requested by the keeper when the child has ended for good.
    package let isGone = Shutdown()

    private let starter: any ChildStarter
    private let ambient: Ambient
    private let tell: @Sendable (ChildEvent) -> Void

    /// A keeper that does nothing before `run()`.
    package init(
        _ child: Child,
        starter: any ChildStarter,
        ambient: Ambient,
        tell: @escaping @Sendable (ChildEvent) -> Void
    ) {
        self.child = child
        self.starter = starter
        self.ambient = ambient
        self.tell = tell
    }

    /// Starts the child, and starts it again whenever it dies; ends with the child after `stop`.
    package func run() async {
        defer { isGone.request(.own) }
        var policy = RestartPolicy()
        while !stop.isRequested {
            policy.started(at: ambient.elapsed())
            do {
                let running = try await starter.start(child)
                tell(.started(name: child.name, processID: running.processID))
                let status = await endOrStop(of: running)
                if stop.isRequested { return }
                let decision = policy.died(at: ambient.elapsed())
                tell(
                    .died(
                        name: child.name,
                        status: status,
                        again: decision.delay,
                        isLoud: decision.isLoud
                    )
                )
                await pause(decision.delay)
            } catch {
                let decision = policy.died(at: ambient.elapsed())
                tell(
                    .cannotStart(
                        name: child.name,
                        reason: error.description,
                        again: decision.delay,
                        isLoud: decision.isLoud
                    )
                )
                await pause(decision.delay)
            }
        }
    }

    /// Waits for the child's end, and brings it about when the keeper is to stop.
    private func endOrStop(of running: any RunningChild) async -> Int32 {
        if let status = await first(of: running, before: stop.requested) { return status }
        running.signal(SIGTERM)
        let limit = child.stopMax
        if let status = await first(of: running, before: { try? await ambient.sleep(for: limit) }) {
            tell(.stopped(name: child.name, status: status))
            return status
        }
        running.signal(SIGKILL)
        tell(.killed(name: child.name))
        // A killed process is gone soon, and the cancellation of this task cannot hurry it.
        return await running.ended() ?? 128 + SIGKILL
    }

    /// The child's status if it ends before something else does, else nil.
    private func first(
        of running: any RunningChild,
        before other: @escaping @Sendable () async -> Void
    ) async -> Int32? {
        await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await running.ended() }
            group.addTask {
                await other()
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Waits, but not longer than until the keeper is to stop.
    private func pause(_ delay: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ambient.sleep(for: delay) }
            group.addTask { await stop.requested() }
            await group.next()
            group.cancelAll()
        }
    }
}
