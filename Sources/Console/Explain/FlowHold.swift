package import CallStore
package import JobQueue

/// Something besides the queue itself that keeps jobs from running.
package struct FlowHold: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// The upstream asked for quiet, or its breaker is open.
        case upstreamQuiet = "upstream-quiet"

        /// Every request that may be in flight is.
        case upstreamFull = "upstream-full"

        /// As many requests began lately as may.
        case upstreamRate = "upstream-rate"

        /// The upstream refuses us until a person does something.
        case upstreamRefuses = "upstream-refuses"

        /// A limit of a key is reached, or the key rests.
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

    /// The limit key whose jobs it concerns; nil for those of the whole queue.
    package var key: LimitKey?

    package init(
        kind: Kind,
        text: String,
        sinceMilliseconds: Int64? = nil,
        untilMilliseconds: Int64? = nil,
        command: String? = nil,
        isBlocking: Bool,
        key: LimitKey? = nil
    ) {
        self.kind = kind
        self.text = text
        self.sinceMilliseconds = sinceMilliseconds
        self.untilMilliseconds = untilMilliseconds
        self.command = command
        self.isBlocking = isBlocking
        self.key = key
    }
}

extension FlowHold {
    private static let itself = "nothing to do: it goes on by itself"

    /// What the upstream's shared budget keeps from running.
    package static func holds(of budget: BudgetState) -> [FlowHold] {
        if let until = budget.quietUntilMilliseconds {
            return [
                FlowHold(
                    kind: .upstreamQuiet,
                    text: budget.circuit == .open && budget.openings > 0
                        ? "ElevenLabs does not serve us: its breaker is open, for the "
                            + "\(ordinal(budget.openings)) time without a success between"
                        : "ElevenLabs asked for quiet",
                    sinceMilliseconds: budget.sinceMilliseconds,
                    untilMilliseconds: until,
                    command: itself,
                    isBlocking: true
                )
            ]
        }
        if budget.circuit == .halfOpen {
            return [
                FlowHold(
                    kind: .upstreamFull,
                    text: "ElevenLabs is tried with one request at a time, until one succeeds",
                    sinceMilliseconds: budget.sinceMilliseconds,
                    command: itself,
                    isBlocking: false
                )
            ]
        }
        if let rate = budget.rate, budget.isRateUsedUp {
            return [
                FlowHold(
                    kind: .upstreamRate,
                    text: "as many requests to ElevenLabs began as may: \(LimitRow.text(rate))",
                    command: "raise ELEVENLABS_RATE if the plan allows more",
                    isBlocking: false
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

    private static func ordinal(_ number: Int) -> String {
        switch (number % 10, number % 100) {
        case (1, let rest) where rest != 11: "\(number)st"
        case (2, let rest) where rest != 12: "\(number)nd"
        case (3, let rest) where rest != 13: "\(number)rd"
        default: "\(number)th"
        }
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

    /// What the limits of keys keep from running, the key with most waiting jobs first.
    ///
    /// - Parameters:
    ///   - limits: The queue's limit keys.
    ///   - waiting: Jobs that wait in the whole queue; where all of them are of keys that rest, the
    ///     queue stands still.
    /// - Returns: One hold for each key that rests while jobs of it wait.
    package static func holds(of limits: [LimitFigures], waiting: Int) -> [FlowHold] {
        let held = limits.map { (figures: $0, count: $0.waiting.values.reduce(0, +)) }
            .filter { $0.figures.rest != nil && $0.count > 0 }
            .sorted { ($1.count, $0.figures.key.text) < ($0.count, $1.figures.key.text) }
        let standsStill = held.reduce(0) { $0 + $1.count } >= waiting
        return held.compactMap { held in
            held.figures.rest.map {
                hold(of: held.figures, $0, waiting: held.count, isBlocking: standsStill)
            }
        }
    }

    private static func hold(
        of figures: LimitFigures,
        _ rest: LimitRest,
        waiting: Int,
        isBlocking: Bool
    ) -> FlowHold {
        let (key, settings) = (figures.key, figures.settings)
        let jobs = waiting == 1 ? "1 job waits" : "\(waiting) jobs wait"
        let change = "ringback limits set \(key)"
        let text: String
        var command = itself
        switch rest {
        case .full where figures.isOnTrial:
            text = "\(jobs) for \(key): one job at a time is tried after its rest"
        case .full:
            let most = settings.concurrency.map { "the \($0)" } ?? "all"
            text = "\(jobs) for \(key): \(most) jobs that may run at once do"
            command = "\(change) --concurrency \((settings.concurrency ?? figures.running) + 1)"
        case .rate:
            text = "\(jobs) for \(key): its rate is used up"
            command = "\(change) --rate …"
        case .open:
            text = "\(jobs) for \(key): what it stands for does not serve us"
        }
        return FlowHold(
            kind: .limit,
            text: text,
            sinceMilliseconds: figures.waitingSinceMilliseconds,
            // A full key comes back with the next job that is settled, long before its rest ends.
            untilMilliseconds: rest == .full ? nil : figures.untilMilliseconds,
            command: command,
            isBlocking: isBlocking,
            key: key
        )
    }
}
