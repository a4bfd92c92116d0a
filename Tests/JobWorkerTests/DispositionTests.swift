import JobQueue
import JobWorker
import Testing

@Suite("Dispositions")
struct DispositionTests {
    private static let rules = DispositionRules(
        policy: JobPolicy(
            retry: RetryPolicy(attemptsMax: 3, base: .seconds(4), cap: .seconds(6)),
            timeout: .seconds(9)
        ),
        staleDelay: .seconds(2)
    )

    struct Row: Sendable {
        let end: AttemptEnd<String>
        let stop: StopReason?
        let attempt: Int
        let expected: Outcome?

        init(_ end: AttemptEnd<String>, _ stop: StopReason?, _ attempt: Int, _ expected: Outcome?) {
            self.end = end
            self.stop = stop
            self.attempt = attempt
            self.expected = expected
        }
    }

    /// With a draw of 0.5 every delay is three quarters of its full length.
    static let rows = [
        Row(.threw("x"), nil, 1, .retry(after: .seconds(3), reason: "x")),
        Row(.threw("x"), nil, 2, .retry(after: .seconds(4.5), reason: "x")),
        Row(.threw("x"), nil, 3, .dead(reason: "x")),
        Row(.threw("x"), .lost, 1, nil),
        Row(.threw("x"), .person, 1, .discard(reason: "cancelled by an operator")),
        Row(.threw("x"), .shutdown, 3, .release),
        Row(
            .threw("x"),
            .timeout(.seconds(9)),
            1,
            .retry(after: .seconds(3), reason: "no end within 9.0 seconds")
        ),
        Row(.threw("x"), .timeout(.seconds(9)), 3, .dead(reason: "no end within 9.0 seconds")),
        Row(.returned(.retry(reason: "y")), nil, 1, .retry(after: .seconds(3), reason: "y")),
        Row(
            .returned(.retry(reason: "y", notBefore: .seconds(60))),
            nil,
            1,
            .retry(after: .seconds(60), reason: "y")
        ),
        Row(.returned(.retry(reason: "y")), nil, 3, .dead(reason: "y")),
        Row(.returned(.retry(reason: "y")), .shutdown, 1, .release),
        Row(.returned(.retry(reason: "y")), .lost, 1, nil),
        Row(
            .returned(.snooze(after: .seconds(7), reason: "z")),
            nil,
            3,
            .snooze(after: .seconds(7), reason: "z")
        ),
        Row(
            .returned(.snooze(after: .seconds(7), reason: "z")),
            .shutdown,
            3,
            .snooze(after: .seconds(7), reason: "z")
        ),
        Row(
            .returned(.rest(after: .seconds(7), reason: "z")),
            nil,
            3,
            .rest(after: .seconds(7), reason: "z")
        ),
        Row(
            .returned(.rest(after: .seconds(7), reason: "z")),
            .shutdown,
            3,
            .rest(after: .seconds(7), reason: "z")
        ),
        Row(.returned(.discard(reason: "d")), nil, 1, .discard(reason: "d")),
        Row(.returned(.discard(reason: "d")), .shutdown, 1, .discard(reason: "d")),
        Row(.returned(.discard(reason: "d")), .lost, 1, nil),
        Row(.returned(.dead(reason: "e")), nil, 1, .dead(reason: "e")),
        Row(
            .returned(.dead(reason: "e")),
            .person,
            1,
            .discard(reason: "cancelled by an operator")
        ),
    ]

    @Test("every end of an attempt has its outcome", arguments: rows)
    func outcomes(_ row: Row) {
        let disposition = Self.rules.disposition(
            of: row.end,
            stop: row.stop,
            attempt: row.attempt,
            draw: 0.5
        )
        switch disposition {
        case .settle(let outcome): #expect(outcome == row.expected)
        case .drop: #expect(row.expected == nil)
        case .commit: Issue.record("nothing of this is to be committed")
        }
    }

    @Test("an unknown job waits for an hour, and then is dead")
    func unknown() {
        func outcome(after waited: Duration, stop: StopReason? = nil) -> Outcome? {
            let end = AttemptEnd<String>.returned(.unknown(reason: "u"))
            let rules = Self.rules
            guard
                case .settle(let outcome) = rules.disposition(
                    of: end,
                    stop: stop,
                    attempt: 3,
                    unknownFor: waited,
                    draw: 0.5
                )
            else { return nil }
            return outcome
        }
        let waits = Outcome.snooze(after: .seconds(30), reason: "u")
        #expect(outcome(after: .zero) == waits)
        #expect(outcome(after: .seconds(3599)) == waits)
        #expect(outcome(after: .seconds(3599), stop: .shutdown) == waits)
        #expect(outcome(after: .seconds(3600)) == .dead(reason: "u"))
    }

    static let stops: [StopReason?] = [
        nil, .lost, .person, .shutdown, .timeout(.seconds(9)),
    ]

    @Test(
        "a finished effect is offered to the ledger whatever was asked meanwhile",
        arguments: stops
    )
    func commits(stop: StopReason?) {
        let disposition = Self.rules.disposition(
            of: .returned(.done("effect")),
            stop: stop,
            attempt: 3,
            draw: 0
        )
        guard case .commit("effect") = disposition else {
            Issue.record("the effect is not committed")
            return
        }
    }

    static let verdicts: [(CommitVerdict, attempt: Int, Outcome)] = [
        (.applied, 3, .done),
        (.alreadyApplied, 3, .done),
        (.stale(reason: "s"), 3, .snooze(after: .seconds(2), reason: "s")),
        (.rejected(reason: "r"), 1, .retry(after: .seconds(3), reason: "r")),
        (.rejected(reason: "r"), 3, .dead(reason: "r")),
    ]

    @Test("every verdict of the ledger has its outcome", arguments: verdicts)
    func verdictOutcomes(verdict: CommitVerdict, attempt: Int, expected: Outcome) {
        #expect(Self.rules.outcome(after: verdict, attempt: attempt, draw: 0.5) == expected)
    }

    @Test("a reason of any length fits the queue")
    func clipsReasons() {
        let disposition = Self.rules.disposition(
            of: AttemptEnd<String>.threw(String(repeating: "ä", count: 5000)),
            stop: nil,
            attempt: 1,
            draw: 0
        )
        guard case .settle(.retry(_, let reason)) = disposition else {
            Issue.record("a failed attempt is retried")
            return
        }
        #expect(reason.utf8.count <= QueueLimits.reasonBytesMax)
    }
}

@Suite("Fetch plan")
struct FetchPlanTests {
    private static let plan = FetchPlan(
        concurrency: 16,
        batchMax: 500,
        workTarget: .milliseconds(75)
    )

    struct Row: Sendable {
        let unfinished: Int
        let unstarted: Int
        let average: Duration?
        let limit: Int

        init(_ unfinished: Int, _ unstarted: Int, _ average: Duration?, _ limit: Int) {
            self.unfinished = unfinished
            self.unstarted = unstarted
            self.average = average
            self.limit = limit
        }
    }

    static let rows = [
        // Nothing is known yet: one job for each slot.
        Row(0, 0, nil, 16),
        Row(16, 0, nil, 0),
        // Slow jobs: one for each free slot.
        Row(0, 0, .seconds(2), 16),
        Row(15, 0, .seconds(2), 1),
        Row(16, 0, .seconds(2), 0),
        // 15 ms each: five for each slot, and small fetches wait while there is work to begin.
        Row(0, 0, .milliseconds(15), 80),
        Row(16, 0, .milliseconds(15), 64),
        Row(60, 44, .milliseconds(15), 0),
        Row(40, 24, .milliseconds(15), 40),
        Row(80, 64, .milliseconds(15), 0),
        // Jobs of no length: two full batches at most.
        Row(0, 0, .microseconds(1), 500),
        Row(500, 500, .microseconds(1), 500),
        Row(501, 500, .microseconds(1), 0),
        Row(501, 0, .microseconds(1), 499),
        Row(1000, 900, .microseconds(1), 0),
        Row(0, 0, .zero, 500),
    ]

    @Test("asks for as much as the free slots do in the target time", arguments: rows)
    func limits(_ row: Row) {
        let limit = Self.plan.limit(
            unfinished: row.unfinished,
            unstarted: row.unstarted,
            average: row.average,
            runsAlone: false
        )
        #expect(limit == row.limit)
    }

    @Test("keeps a quarter of the slots from the low lane, and one at least if there are two")
    func lowLimits() {
        #expect(Self.plan.lowLimit(unfinished: 0, average: nil) == 12)
        #expect(Self.plan.lowLimit(unfinished: 12, average: .seconds(2)) == 0)
        #expect(Self.plan.lowLimit(unfinished: 16, average: .seconds(2)) == 0)
        #expect(Self.plan.lowLimit(unfinished: 10, average: .milliseconds(15)) == 50)
        for (concurrency, slots) in [(1, 1), (2, 1), (3, 2), (4, 3), (5, 4), (8, 6)] {
            let plan = FetchPlan(
                concurrency: concurrency,
                batchMax: 500,
                workTarget: .milliseconds(75)
            )
            #expect(plan.lowLimit(unfinished: 0, average: .seconds(1)) == slots)
        }
    }

    @Test("jobs that run alone come one by one, up to the number of slots")
    func runsAlone() {
        for (unfinished, limit) in [(0, 1), (15, 1), (16, 0), (20, 0)] {
            #expect(
                Self.plan.limit(
                    unfinished: unfinished,
                    unstarted: 0,
                    average: .microseconds(1),
                    runsAlone: true
                ) == limit
            )
        }
    }
}
