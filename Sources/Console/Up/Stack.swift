import Ambient
import Attribution
import CallStore
import Foundation
import Hosting
import Settings

/// Everything that `ringback up` runs, from the first child to the last.
struct Stack: Sendable {
    /// The order in which children are ended; those of one stage end together.
    enum Stage: Int, CaseIterable, Sendable {
        case scheduler
        case server
        case workers
        case simulator
        case redis
    }

    let host: Hosting.Host
    let terminal: Terminal
    let options: UpOptions

    var settings: Settings { host.settings }

    /// Runs until a signal asks for the end, and ends everything in order.
    ///
    /// - Throws: `StartFailure` with one line; what had been started is ended then, too.
    func run() async throws {
        try checkFiles()
        let folder = try UpFolder.open(settings.dataFolder)
        let plan = try await StackPlan(self, folder: folder)
        let pipe = try SupervisorPipe()
        let starter = SystemChildStarter(logsFolder: folder.logs, supervisorFile: pipe.readEnd)
        let logs = ChildLogs(folder: folder.logs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let crew = StackCrew(stack: self, starter: starter, logs: logs)
            do {
                try await bringUp(plan, folder, crew, &group)
                if !host.shutdown.isRequested {
                    tellUp(plan)
                    await attend(plan, folder, logs)
                    say("stopping")
                }
                await crew.end()
            } catch {
                await crew.end()
                throw error
            }
            group.cancelAll()
        }
        plan.redis?.cleanUp()
        withExtendedLifetime(pipe) {}
        say("stopped; everything is kept in \(folder.path)")
    }

    /// A line with the time before it.
    func say(_ text: String) {
        terminal.line("\(TimeText.iso(host.ambient.now()))  \(text)")
    }

    /// What would only be found out by a child that dies of it.
    private func checkFiles() throws(StartFailure) {
        _ = try ScheduleBook.load(settings)
        _ = try RulesBook.load(settings.rulesFile)
        do {
            try settings.server.check()
        } catch {
            throw StartFailure(.wrongUse, error.description)
        }
    }

    // MARK: Bringing up

    private func bringUp(
        _ plan: StackPlan,
        _ folder: UpFolder,
        _ crew: StackCrew,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        if let redis = plan.redis {
            try await redis.prepare(ambient: host.ambient, say: say)
            crew.start(redis.child(environment: plan.environment), in: .redis, &group)
            try await crew.wait(for: "redis") { try await redis.isReady(host: host) }
        }
        if plan.simulatorChild == nil { try await checkKey() }
        if let simulator = plan.simulatorChild {
            crew.start(simulator, in: .simulator, &group)
            let port = plan.state.simulation?.port ?? 0
            try await crew.wait(for: "simulator") { await LocalPort.answers(port) }
            try await importRecipients(plan, folder)
        }
        guard !host.shutdown.isRequested else { return }
        crew.start(plan.server, in: .server, &group)
        for worker in plan.workers { crew.start(worker, in: .workers, &group) }
        crew.start(plan.scheduler, in: .scheduler, &group)
        let port = settings.server.address.port
        try await crew.wait(for: "server") { await LocalPort.answers(port) }
    }

    /// Refuses to start with a key that is refused; an upstream that is away may come back.
    private func checkKey() async throws {
        guard !host.shutdown.isRequested else { return }
        let queues = try await host.openQueues()
        let finding = await UpstreamCheck.finding(host, queues)
        await queues.close()
        guard finding.grade == .problem else {
            if finding.grade == .warning { say(finding.detail) }
            return
        }
        throw StartFailure(.failed, finding.detail + (finding.fix.map { "; \($0)" } ?? ""))
    }

    private func importRecipients(_ plan: StackPlan, _ folder: UpFolder) async throws {
        guard try folder.state()?.hasRecipients != true else { return }
        let store = try await host.openStore()
        let task = RecipientsImport(
            store: store,
            region: settings.region,
            createsCampaigns: true,
            // The simulator's numbers are as they are.
            addsPlus: false
        )
        let report = try await task.run(folder.recipients)
        try store.close()
        var state = try folder.state() ?? plan.state
        state.hasRecipients = true
        try folder.keep(state)
        say(
            "imported \(report.imported) recipients of \(report.campaignsCreated) campaigns"
                + (report.rejected > 0 ? "; \(report.rejected) rows were rejected" : "")
        )
    }

    private func tellUp(_ plan: StackPlan) {
        let upstream =
            plan.state.simulation.map { "a simulator on http://127.0.0.1:\($0.port)" }
            ?? settings.upstream.baseURL
        say(
            "up: server http://\(settings.server.address), ElevenLabs is \(upstream), Redis "
                + "\(plan.redis?.url ?? "of REDIS_URL"), results in \(settings.database); Ctrl-C "
                + "ends it"
        )
        say("Open http://\(settings.server.address)")
    }

    // MARK: While it runs

    /// Shows what happens, and does what is due once, until the end is asked for.
    private func attend(_ plan: StackPlan, _ folder: UpFolder, _ logs: ChildLogs) async {
        var watcher = StackWatcher(stack: self, folder: folder, logs: logs)
        while !host.shutdown.isRequested {
            await watcher.look()
            await host.pause(.seconds(1))
        }
        await watcher.close()
    }
}

extension Hosting.Host {
    /// Waits, but not longer than until the process is asked to end.
    func pause(_ duration: Duration) async {
        let ambient = ambient
        let shutdown = shutdown
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await ambient.sleep(for: duration) }
            group.addTask { await shutdown.requested() }
            await group.next()
            group.cancelAll()
        }
    }
}

/// The pipe whose end tells children that `up` is gone.
final class SupervisorPipe {
    let readEnd: Int32
    private let writeEnd: Int32

    init() throws(StartFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            let reason = String(cString: strerror(errno))
            throw StartFailure(.failed, "no pipe can be made (\(reason))")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
