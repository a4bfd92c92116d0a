import Ambient
import Foundation
import Hosting
import Logging
import Synchronization

/// The keepers of the stack's children, by the stage in which they end.
final class StackCrew: Sendable {
    /// How long a child may take to come up: Redis may have a large file to load.
    static let readyMax = Duration.seconds(60)

    private let stack: Stack
    private let starter: SystemChildStarter
    private let logs: ChildLogs
    private let keepers = Mutex<[(stage: Stack.Stage, keeper: ChildKeeper)]>([])

    init(stack: Stack, starter: SystemChildStarter, logs: ChildLogs) {
        self.stack = stack
        self.starter = starter
        self.logs = logs
    }

    /// Starts a child and keeps it running, as a task of the group.
    func start(
        _ child: Child,
        in stage: Stack.Stage,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        let keeper = ChildKeeper(
            child,
            starter: starter,
            ambient: stack.host.ambient,
            tell: { self.tell($0) }
        )
        keepers.withLock { $0.append((stage, keeper)) }
        group.addTask { await keeper.run() }
    }

    /// Waits until a child does its work.
    ///
    /// - Throws: `StartFailure` when it does not within `readyMax`, or dies of wrong use.
    func wait(for name: String, _ isReady: () async throws -> Bool) async throws {
        let ambient = stack.host.ambient
        let deadline = ambient.elapsed() + Self.readyMax
        while !stack.host.shutdown.isRequested {
            if try await isReady() { return }
            guard ambient.elapsed() < deadline else {
                throw StartFailure(
                    .failed,
                    "\(name) does not come up; its log ends with: "
                        + (logs.lastLine(of: name) ?? "nothing")
                )
            }
            await stack.host.pause(.milliseconds(50))
        }
    }

    /// Ends all children, stage by stage; each has its own bound.
    func end() async {
        for stage in Stack.Stage.allCases {
            let leaving = keepers.withLock { $0 }.filter { $0.stage == stage }.map(\.keeper)
            for keeper in leaving { keeper.stop.request(.own) }
            for keeper in leaving { await keeper.isGone.requested() }
        }
    }

    private func tell(_ event: ChildEvent) {
        switch event {
        case .started(let name, let process):
            stack.host.logger.debug("Started", metadata: ["child": "\(name)", "pid": "\(process)"])
        case .died(let name, let status, let again, let isLoud):
            // One that was killed has said nothing about it.
            let isKilled = status == 128 + SIGKILL || status == 128 + SIGTERM
            let last = isKilled ? nil : logs.lastLine(of: name).map { "; it said: \($0)" }
            say(name, "ended (\(Self.word(status)))\(last ?? "")", again, isLoud)
        case .cannotStart(let name, let reason, let again, let isLoud):
            say(name, "cannot be started (\(reason))", again, isLoud)
        case .stopped(let name, let status) where status != 0:
            stack.say("\(name) ended with \(Self.word(status))")
        case .stopped: break
        case .killed(let name):
            stack.say("\(name) did not end in time and was killed")
        }
    }

    private func say(_ name: String, _ what: String, _ again: Duration, _ isLoud: Bool) {
        let wait = TimeText.duration(again)
        if isLoud {
            stack.say(
                "ATTENTION: \(name) \(what). It was started \(RestartPolicy.startsPerMinuteMax) "
                    + "times within a minute and is tried again in \(wait); see "
                    + "\(logs.folder)/\(name).log"
            )
        } else {
            stack.say("\(name) \(what); started again in \(wait)")
        }
    }

    private static func word(_ status: Int32) -> String {
        status > 128 ? "signal \(status - 128)" : "code \(status)"
    }
}
