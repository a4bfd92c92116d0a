package import Ambient
import Foundation
package import JobQueue
package import Logging

/// Runs the jobs of one queue: fetches batches, runs handlers, commits, settles.
///
/// Nothing is settled before its result is committed, and a job whose result the ledger has is
/// settled without being run. So a job takes effect once, whoever dies when. A process runs one
/// worker per queue, and a suspect expects to be alone in its process.
package struct Worker<Handler: JobHandler, Committer: ResultCommitter>: Sendable
where Handler.Effect == Committer.Effect {
    private let queue: any WorkQueue
    private let handler: Handler
    private let committer: Committer
    private let configuration: WorkerConfiguration
    private let ambient: Ambient
    private let logger: Logger
    private let shutdown: ShutdownSignal
    private let board: WorkerBoard
    private let abandon: @Sendable (WorkerError) -> Void

    /// A worker of one queue.
    ///
    /// - Parameters:
    ///   - queue: Where the jobs come from.
    ///   - handler: Runs them.
    ///   - committer: Makes their results lasting.
    ///   - configuration: Who the worker is and how much it does at once.
    ///   - ambient: Its clock measures timeouts and waits.
    ///   - logger: Gets the queue's name as metadata.
    ///   - shutdown: Tripped when the worker is to end in order.
    ///   - board: Where its state is shown.
    ///   - abandon: Called when everything is handed back but a handler does not end. `run()`
    ///     cannot return then, because no task is left behind; a `main` ends the process here.
    package init(
        queue: any WorkQueue,
        handler: Handler,
        committer: Committer,
        configuration: WorkerConfiguration,
        ambient: Ambient,
        logger: Logger,
        shutdown: ShutdownSignal,
        board: WorkerBoard = WorkerBoard(),
        abandon: @escaping @Sendable (WorkerError) -> Void
    ) {
        self.queue = queue
        self.handler = handler
        self.committer = committer
        self.configuration = configuration
        self.ambient = ambient
        var logger = logger
        logger[metadataKey: "queue"] = "\(queue.name)"
        self.logger = logger
        self.shutdown = shutdown
        self.board = board
        self.abandon = abandon
    }

    /// Works until the shutdown signal is tripped and everything is settled or handed back.
    ///
    /// Cancelling the task ends it now; what it held comes back to others when its leases end.
    ///
    /// - Throws: `WorkerError` when the process had better end and be started anew.
    package func run() async throws(WorkerError) {
        let wakeup = Wakeup()
        let crew = Crew(
            handler: ErasedHandler(base: handler),
            concurrency: configuration.concurrency,
            ambient: ambient,
            logger: logger,
            wakeup: wakeup
        )
        let inbox = BeatInbox()
        let bell = BellWatch()
        shutdown.onTrip { wakeup.signal() }
        let failure = await withTaskGroup(of: Void.self, returning: WorkerError?.self) { group in
            for station in crew.stations {
                group.addTask { await crew.staff(station) }
            }
            group.addTask { await beat(crew: crew, inbox: inbox) }
            group.addTask { await reap() }
            group.addTask { await watch(crew) }
            // These two hand on what the queue answers; handlers run elsewhere.
            let failure: WorkerError?
            if let executor = queue.executor {
                group.addTask(executorPreference: executor) { await ring(bell, wakeup: wakeup) }
                failure = await withTaskExecutorPreference(executor) {
                    await coordinate(crew: crew, inbox: inbox, bell: bell)
                }
            } else {
                group.addTask { await ring(bell, wakeup: wakeup) }
                failure = await coordinate(crew: crew, inbox: inbox, bell: bell)
            }
            if let failure, case .stuckHandlers = failure, !Task.isCancelled {
                await leave()
                abandon(failure)
            }
            group.cancelAll()
            if let failure, case .queue = failure, !Task.isCancelled, await !isAtRest(crew) {
                await leave()
                abandon(failure)
            }
            return failure
        }
        if let failure { throw failure }
        await leave()
    }

    /// Whether all handlers end within the grace of a cancellation.
    private func isAtRest(_ crew: Crew) async -> Bool {
        let end = ambient.elapsed() + configuration.limits.cancelGrace
        while crew.runningCount > 0, ambient.elapsed() < end {
            guard await pause(.milliseconds(50)) else { break }
        }
        return crew.runningCount == 0
    }

    private func coordinate(
        crew: Crew,
        inbox: BeatInbox,
        bell: BellWatch
    ) async -> WorkerError? {
        var coordinator = Coordinator(
            queue: queue,
            committer: ErasedCommitter(base: committer),
            crew: crew,
            configuration: configuration,
            ambient: ambient,
            logger: logger,
            shutdown: shutdown,
            board: board,
            inbox: inbox,
            bell: bell
        )
        // Known before the first fetch, whose size depends on it.
        _ = coordinator.policy(forKind: queue.name.text)
        return await coordinator.run()
    }

    /// Keeps the leases alive, and stops at once what is not ours any more.
    private func beat(crew: Crew, inbox: BeatInbox) async {
        let started = Int64(ambient.now().timeIntervalSince1970 * 1000)
        do {
            try await queue.keepAlive(
                every: configuration.limits.beatEvery,
                presence: { presence(startedMilliseconds: started, busy: crew.runningCount) },
                answer: { answer in
                    guard !answer.lost.isEmpty || !answer.cancelled.isEmpty else { return }
                    inbox.put(answer)
                    let lost = Set(answer.lost)
                    let cancelled = Set(answer.cancelled)
                    crew.stop { attempt in
                        if lost.contains(attempt.run.batch.reference) { return .lost }
                        return cancelled.contains(attempt.job.id) ? .person : nil
                    }
                    crew.wakeup.signal()
                }
            )
        } catch {
            guard error != .cancelled || !Task.isCancelled else { return }
            inbox.fail(error)
            crew.wakeup.signal()
        }
    }

    private func presence(startedMilliseconds: Int64, busy: Int) -> Presence {
        Presence(
            worker: configuration.worker,
            host: configuration.host,
            processID: configuration.processID,
            version: configuration.version,
            startedMilliseconds: startedMilliseconds,
            slots: configuration.concurrency,
            busy: busy,
            batches: board.snapshot.batches
        )
    }

    /// Looks for batches of workers that are gone.
    private func reap() async {
        while await pause(configuration.limits.reapEvery) {
            do {
                let report = try await queue.reap(limit: configuration.limits.reapBatches)
                tell(of: report)
            } catch {
                // The turn meets the same outage and tells of it.
                logger.debug("reaping failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func tell(of report: ReapReport) {
        if report.isGrace {
            logger.notice("nobody looked for lost batches for a while; leases last longer")
        }
        if report.batches > 0 {
            logger.warning(
                "batches of silent workers taken back",
                metadata: ["batches": "\(report.batches)", "suspects": "\(report.suspects)"]
            )
        }
        if report.dead > 0 {
            logger.error(
                "jobs are dead: each ended its worker again and again while it ran alone",
                metadata: ["jobs": "\(report.dead)"]
            )
        }
    }

    /// Ends attempts that take longer than their kind may.
    private func watch(_ crew: Crew) async {
        let stuckAfter = configuration.limits.stuckAfter
        while await pause(configuration.limits.watchEvery) {
            let now = ambient.elapsed()
            crew.stop { attempt in
                let timeout = attempt.run.policies[attempt.position].timeout
                return now - attempt.started >= timeout ? .timeout(timeout) : nil
            }
            let hasStuck = crew.stations.contains { station in
                guard let attempt = station.running, let stop = attempt.stop else { return false }
                return !attempt.isAbandoned && now - stop.at >= stuckAfter
            }
            if hasStuck { crew.wakeup.signal() }
        }
    }

    private func ring(_ bell: BellWatch, wakeup: Wakeup) async {
        await bell.run(queue: queue, wakeup: wakeup) {
            _ = await pause(configuration.limits.bellWait)
        }
    }

    /// Sleeps for a time with a quarter of jitter; returns false when the task is cancelled.
    private func pause(_ time: Duration) async -> Bool {
        do {
            try await ambient.sleep(for: time * (0.75 + ambient.chance() / 2))
            return true
        } catch {
            return false
        }
    }

    private func leave() async {
        guard !Task.isCancelled else { return }
        do {
            try await queue.leave(configuration.worker)
        } catch {
            // The presence runs out by itself.
            logger.debug("leaving failed", metadata: ["error": "\(error)"])
        }
    }
}
