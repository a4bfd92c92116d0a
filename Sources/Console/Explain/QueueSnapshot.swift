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

/// Something besides the queue itself that keeps jobs from running.
package struct FlowHold: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// The upstream asked for quiet, or its breaker is open.
        case upstreamQuiet = "upstream-quiet"

        /// Every request that may be in flight is.
        case upstreamFull = "upstream-full"

        /// The upstream refuses us until a person does something.
        case upstreamRefuses = "upstream-refuses"

        /// A limit of the queue or of a key is reached.
        case limit
    }

    package var kind: Kind

    /// A sentence without time, command or full stop.
    package var text: String
    package var sinceMilliseconds: Int64?
    package var untilMilliseconds: Int64?

    /// What mends it.
    package var command: String?

    /// Whether no job runs while it lasts; otherwise jobs run, but fewer at once.
    package var isBlocking: Bool

    package init(
        kind: Kind,
        text: String,
        sinceMilliseconds: Int64? = nil,
        untilMilliseconds: Int64? = nil,
        command: String? = nil,
        isBlocking: Bool
    ) {
        self.kind = kind
        self.text = text
        self.sinceMilliseconds = sinceMilliseconds
        self.untilMilliseconds = untilMilliseconds
        self.command = command
        self.isBlocking = isBlocking
    }
}

extension FlowHold {
    /// What the upstream's shared budget keeps from running.
    package static func holds(of budget: BudgetState) -> [FlowHold] {
        if let until = budget.quietUntilMilliseconds {
            return [
                FlowHold(
                    kind: .upstreamQuiet,
                    text: "ElevenLabs asked for quiet",
                    untilMilliseconds: until,
                    command: "nothing to do: it goes on by itself",
                    isBlocking: true
                )
            ]
        }
        guard budget.inFlight >= budget.parallel else { return [] }
        let isLowered = budget.parallel < budget.ceiling
        return [
            FlowHold(
                kind: .upstreamFull,
                text: "all \(budget.parallel) requests to ElevenLabs that may be in flight are"
                    + (isLowered
                        ? " (lowered from \(budget.ceiling), because it refused some)" : ""),
                command: isLowered
                    ? "nothing to do: it rises again by itself"
                    : "raise ELEVENLABS_PARALLEL if the plan allows more",
                isBlocking: false
            )
        ]
    }

    /// What a refusal keeps from running that only a person can lift.
    package static func hold(of halt: UpstreamHalt) -> FlowHold {
        FlowHold(
            kind: .upstreamRefuses,
            text: "polling stands still: \(halt.reason)",
            sinceMilliseconds: halt.atMilliseconds,
            command: "mend that, then `ringback doctor`",
            isBlocking: true
        )
    }
}
