import Ambient
import JobQueue
import Logging
import Traces

/// The handlers of a process: a few long-lived tasks that walk batches.
///
/// No task is made for a job. Each handler's task stands beside a guardian that cancels it when
/// its job is stopped; then a new pair takes the place.
struct Crew: Sendable {
    let handler: any JobHandler<AnyEffect>
    let ambient: Ambient

    /// Carries the queue as metadata.
    let logger: Logger
    let work = WorkList()
    let stations: [Station]

    private let surroundings: JobContext.Surroundings

    /// Told when a batch has ended or a handler has nothing to begin.
    let wakeup: Wakeup

    init(
        handler: any JobHandler<AnyEffect>,
        concurrency: Int,
        ambient: Ambient,
        logger: Logger,
        wakeup: Wakeup
    ) {
        self.handler = handler
        self.ambient = ambient
        self.logger = logger
        self.wakeup = wakeup
        surroundings = JobContext.Surroundings(ambient: ambient, logger: logger)
        stations = (0..<concurrency).map { _ in Station() }
    }

    var runningCount: Int {
        stations.count { $0.running != nil }
    }

    /// Keeps one place staffed until the task is cancelled.
    func staff(_ station: Station) async {
        while !Task.isCancelled {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await walk(station) }
                group.addTask { await station.stopRequested() }
                await group.next()
                group.cancelAll()
            }
            station.reset()
        }
    }

    /// Stops every running attempt that meets a condition.
    func stop(where reason: (RunningAttempt) -> StopReason?) {
        let now = ambient.elapsed()
        for station in stations { station.stop(at: now, where: reason) }
    }

    private func walk(_ station: Station) async {
        // The end of a batch tells that there is nothing to begin, too.
        var hasTold = false
        while !Task.isCancelled {
            guard let run = await work.next(onIdle: { if !hasTold { wakeup.signal() } }) else {
                return
            }
            hasTold = false
            station.enter(run)
            defer { station.leave() }
            // One attempt ends where the next begins.
            var now = ambient.elapsed()
            while let position = run.takeNext() {
                station.begin(position, at: now)
                let end = await attempt(run, position, station)
                now = ambient.elapsed()
                let mayGoOn = station.end(end, at: now)
                hasTold = run.noteEnd() || !mayGoOn
                if hasTold { wakeup.signal() }
                guard mayGoOn, !Task.isCancelled else { return }
                if run.isLow, work.hasLiveWork { break }
            }
        }
    }

    private func attempt(
        _ run: BatchRun,
        _ position: Int,
        _ station: Station
    ) async -> AttemptEnd<AnyEffect> {
        let job = run.batch.jobs[position]
        if run.hasCancelled, run.isCancelled(job.id) {
            station.stop(at: ambient.elapsed()) { _ in .person }
            return .threw("cancelled before it began")
        }
        guard handler.knows(kind: job.kind) else {
            return .returned(.unknown(reason: "no worker here knows the kind \(job.kind)"))
        }
        let context = JobContext(surroundings, fence: run.batch.fence, job: job)
        let scope = TraceScope(job: job)
        return await TraceScope.$current.withValue(scope) {
            do {
                let result = try await handler.run(job, in: context)
                logger.debug("attempt ended", metadata: ["result": "\(result.word)"])
                return .returned(result)
            } catch {
                logger.debug("attempt threw", metadata: ["error": "\(error)"])
                return .threw("\(error)")
            }
        }
    }
}

extension TraceScope {
    /// An attempt at a delivered job.
    init(job: Job) {
        self.init(job: job.id.text, attempt: job.attempt, traceparent: job.trace)
    }
}

extension HandlerResult {
    /// The case's name, for the log.
    fileprivate var word: String {
        switch self {
        case .done: "done"
        case .retry: "retry"
        case .snooze: "snooze"
        case .rest: "rest"
        case .unknown: "unknown"
        case .discard: "discard"
        case .dead: "dead"
        }
    }
}
