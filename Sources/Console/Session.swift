package import Ambient
import CallJobs
package import CallStore
import Foundation
package import Hosting
import JobQueue
import Logging
package import Reports
package import Settings
import Synchronization

/// What one command works with.
package struct Session: Sendable {
    package let host: Hosting.Host
    package let terminal: Terminal

    package init(host: Hosting.Host, terminal: Terminal) {
        self.host = host
        self.terminal = terminal
    }

    package var settings: Settings { host.settings }
    package var ambient: Ambient { host.ambient }

    /// Who is named where somebody steers a queue or assigns a call.
    package var person: String {
        let environment = ProcessInfo.processInfo.environment
        let name = environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"]
        return name.flatMap { $0.isEmpty ? nil : $0 } ?? "operator"
    }

    /// Opens the queues, runs the body, closes them again.
    package func withQueues<Value>(
        _ body: (OpenQueues) async throws -> Value
    ) async throws -> Value {
        let queues = try await host.openQueues(patience: RedisAccess.commandPatience)
        do {
            let value = try await body(queues)
            await queues.close()
            return value
        } catch {
            await queues.close()
            throw error
        }
    }

    /// Opens the store, runs the body, closes it again.
    ///
    /// Jobs that follow from what the body changes are sent at once, as far as Redis answers.
    package func withStore<Value>(
        _ body: (CallStore) async throws -> Value
    ) async throws -> Value {
        let store = try await host.openStore()
        do {
            let added = Mutex<[OutboxEntry]>([])
            let value = try await body(
                store.telling { jobs in added.withLock { $0 += jobs } }
            )
            await send(added.withLock(\.self), of: store)
            try store.close()
            return value
        } catch {
            try store.close()
            throw error
        }
    }

    /// Sends jobs that stand in the outbox; those that Redis does not take now, the scheduler's
    /// sweep sends later.
    private func send(_ jobs: [OutboxEntry], of store: CallStore) async {
        guard !jobs.isEmpty else { return }
        let queues: OpenQueues
        do {
            queues = try await host.openQueues(patience: RedisAccess.commandPatience)
        } catch {
            host.logger.debug("Redis is away; the scheduler sends what follows from this")
            return
        }
        let relay = OutboxRelay(
            store: store,
            queues: queues.all,
            ambient: ambient,
            logger: host.logger
        )
        await relay.send(jobs)
        await relay.note()
        await queues.close()
    }
}

/// Where a command writes, and whom it asks.
package struct Terminal: Sendable {
    /// Writes to standard output as it is.
    package let write: @Sendable (String) -> Void

    /// Writes to standard error as it is.
    package let complain: @Sendable (String) -> Void

    /// Whether a person looks at standard output.
    package let isInteractive: Bool

    /// Reads one line of the person's; nil when nobody can be asked.
    package let readLine: @Sendable () -> String?

    package init(
        write: @escaping @Sendable (String) -> Void,
        complain: @escaping @Sendable (String) -> Void,
        isInteractive: Bool,
        readLine: @escaping @Sendable () -> String?
    ) {
        self.write = write
        self.complain = complain
        self.isInteractive = isInteractive
        self.readLine = readLine
    }

    /// The process's own standard streams.
    package static var standard: Terminal {
        Terminal(
            write: { FileHandle.standardOutput.write(Data($0.utf8)) },
            complain: { FileHandle.standardError.write(Data($0.utf8)) },
            isInteractive: isatty(1) == 1,
            readLine: { isatty(0) == 1 ? Swift.readLine() : nil }
        )
    }

    package func line(_ text: String) { write(text + "\n") }

    /// JSON with a line end.
    package func show(_ value: JSONValue) { line(value.rendered()) }

    /// Asks before something is destroyed.
    ///
    /// - Throws: `StartFailure` when the answer is no, or when nobody can be asked.
    package func confirm(_ question: String, isAgreed: Bool) throws(StartFailure) {
        if isAgreed { return }
        complain("\(question) [y/N] ")
        guard let answer = readLine() else {
            throw StartFailure(.wrongUse, "nobody can be asked; say --yes to go on")
        }
        guard ["y", "yes"].contains(answer.lowercased()) else {
            throw StartFailure(.failed, "left as it was")
        }
    }
}
