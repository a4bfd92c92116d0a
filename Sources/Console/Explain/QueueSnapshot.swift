package import CallStore
package import JobQueue

/// All that is read of one queue to explain it.
package struct QueueSnapshot: Sendable {
    package var name: String
    package var figures: QueueFigures
    package var situation: QueueSituation
    package var workers: [WorkerFigures]

    /// What else holds its jobs up: limits, budgets, circuit breakers.
    ///
    /// Whatever is added to the queues' flow control is told here, and explained in order.
    package var holds: [FlowHold]

    /// How its jobs went lately; nil when the store's newest rows know none.
    package var recent: RecentRuns?

    package init(
        name: String,
        figures: QueueFigures,
        situation: QueueSituation,
        workers: [WorkerFigures] = [],
        holds: [FlowHold] = [],
        recent: RecentRuns? = nil
    ) {
        self.name = name
        self.figures = figures
        self.situation = situation
        self.workers = workers
        self.holds = holds
        self.recent = recent
    }

    var waiting: Int { figures.ready.values.reduce(0, +) }

    var busy: Int { workers.reduce(0) { $0 + $1.presence.busy } }
}
