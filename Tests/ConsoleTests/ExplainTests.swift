import CallStore
import Console
import JobQueue
import Testing

/// One cause of a queue, how it looks, and what is said of it.
struct QueueCase: Sendable, CustomTestStringConvertible {
    var cause: Explanation.Cause
    var text: String
    var since: Int64?
    var until: Int64?
    var command: String?
    var look: @Sendable (inout QueueSnapshot) throws -> Void

    var testDescription: String { cause.rawValue }

    static let now: Int64 = 1_794_700_000_000

    /// A queue with one idle worker and nothing to do.
    static func idle() throws -> QueueSnapshot {
        QueueSnapshot(
            name: "sync",
            figures: QueueFigures(
                nowMilliseconds: now,
                pause: nil,
                ready: [.hi: 0, .std: 0, .low: 0],
                suspects: 0,
                running: 0,
                later: 0,
                dead: 0,
                oldestQueued: nil,
                nextDueMilliseconds: nil,
                workers: 1,
                slots: 4,
                counters: QueueCounters()
            ),
            situation: QueueSituation(
                nowMilliseconds: now,
                oldest: [:],
                oldestSuspect: nil,
                soloWorker: nil,
                soloUntilMilliseconds: nil,
                lastReapMilliseconds: now - 1_000
            ),
            workers: [try worker(busy: 0)]
        )
    }

    static func worker(busy: Int) throws -> WorkerFigures {
        WorkerFigures(
            presence: Presence(
                worker: try WorkerID("w1"),
                host: "h",
                processID: 1,
                version: "1",
                startedMilliseconds: 0,
                slots: 4,
                busy: busy,
                batches: []
            ),
            expiryMilliseconds: now + 30_000
        )
    }

    static let all: [QueueCase] = [
        QueueCase(
            cause: .paused,
            text: "paused by ana (maintenance); what runs goes on to its end",
            since: now - 60_000,
            command: "ringback queue resume sync"
        ) {
            $0.figures.pause = PauseState(
                person: "ana",
                reason: "maintenance",
                atMilliseconds: now - 60_000
            )
            $0.figures.ready[.std] = 5
            $0.figures.running = 2
        },
        QueueCase(
            cause: .noWorker,
            text: "no worker is alive, and 2 jobs are still leased to one that is gone",
            since: now - 40_000,
            command: "start worker-sync, or `ringback up`"
        ) {
            $0.figures.workers = 0
            $0.figures.slots = 0
            $0.figures.running = 2
            $0.workers = []
            $0.situation.lastReapMilliseconds = now - 40_000
        },
        QueueCase(
            cause: .upstreamQuiet,
            text: "ElevenLabs asked for quiet",
            until: now + 30_000,
            command: "nothing to do: it goes on by itself"
        ) {
            let budget = BudgetState(
                parallel: 1,
                ceiling: 3,
                inFlight: 0,
                quietUntilMilliseconds: now + 30_000
            )
            $0.holds = FlowHold.holds(of: budget)
            $0.figures.ready[.std] = 5
        },
        QueueCase(
            cause: .upstreamRefuses,
            text: "polling stands still: ElevenLabs refuses the API key",
            since: now - 5_000,
            command: "mend that, then `ringback doctor`"
        ) {
            $0.holds = [
                FlowHold.hold(
                    of: UpstreamHalt(
                        reason: "ElevenLabs refuses the API key",
                        atMilliseconds: now - 5_000
                    )
                )
            ]
        },
        QueueCase(
            cause: .upstreamQuiet,
            text: "ElevenLabs does not serve us: its breaker is open, for the 2nd time without a "
                + "success between",
            since: now - 8_000,
            until: now + 30_000,
            command: "nothing to do: it goes on by itself"
        ) {
            let budget = BudgetState(
                parallel: 1,
                ceiling: 3,
                inFlight: 0,
                quietUntilMilliseconds: now + 30_000,
                circuit: .open,
                openings: 2,
                sinceMilliseconds: now - 8_000
            )
            $0.holds = FlowHold.holds(of: budget)
            $0.figures.ready[.std] = 5
        },
        QueueCase(
            cause: .upstreamFull,
            text: "ElevenLabs is tried with one request at a time, until one succeeds",
            since: now - 8_000,
            command: "nothing to do: it goes on by itself"
        ) {
            let budget = BudgetState(
                parallel: 1,
                ceiling: 3,
                inFlight: 1,
                quietUntilMilliseconds: nil,
                circuit: .halfOpen,
                sinceMilliseconds: now - 8_000
            )
            $0.holds = FlowHold.holds(of: budget)
            $0.figures.ready[.std] = 5
        },
        QueueCase(
            cause: .limit,
            text: "5 jobs wait for agent_1: the 2 jobs that may run at once do",
            since: now - 11_000,
            command: "ringback limits set agent_1 --concurrency 3"
        ) { try limit(&$0, waiting: 5, .full, LimitSettings(concurrency: 2)) },
        QueueCase(
            cause: .limit,
            text: "1 job waits for agent_1: its rate is used up",
            since: now - 11_000,
            until: now + 9_000,
            command: "ringback limits set agent_1 --rate …"
        ) { try limit(&$0, waiting: 1, .rate, LimitSettings()) },
        QueueCase(
            cause: .limit,
            text: "3 jobs wait for agent_1: what it stands for does not serve us",
            since: now - 11_000,
            until: now + 9_000,
            command: "nothing to do: it goes on by itself"
        ) { try limit(&$0, waiting: 3, .open, LimitSettings()) },
        QueueCase(
            cause: .suspects,
            text: "3 jobs of workers that died run alone, one after another, to find the one that "
                + "kills; w1 runs nothing else meanwhile",
            since: now - 7_000,
            command: "ringback jobs list sync --state suspect"
        ) {
            $0.figures.suspects = 3
            $0.situation.oldestSuspect = .seconds(7)
            $0.situation.soloWorker = try WorkerID("w1")
        },
        QueueCase(
            cause: .saturated,
            text: "all 4 slots of 1 worker are busy and 50 jobs wait",
            since: now - 90_000,
            command: "start another worker-sync, or raise RINGBACK_CONCURRENCY"
        ) {
            $0.figures.ready[.std] = 50
            $0.figures.running = 4
            $0.figures.oldestQueued = .seconds(90)
            $0.workers = [try worker(busy: 4)]
        },
        QueueCase(
            cause: .upstreamFull,
            text: "all 2 requests to ElevenLabs that may be in flight are (lowered from 3, because "
                + "it refused some)",
            command: "nothing to do: it rises again by itself"
        ) {
            let budget = BudgetState(
                parallel: 2,
                ceiling: 3,
                inFlight: 2,
                quietUntilMilliseconds: nil
            )
            $0.holds = FlowHold.holds(of: budget)
            $0.figures.running = 2
        },
        QueueCase(
            cause: .upstreamRate,
            text: "as many requests to ElevenLabs began as may: 5/s",
            since: now - 4_000,
            command: "raise ELEVENLABS_RATE if the plan allows more"
        ) {
            let budget = BudgetState(
                parallel: 3,
                ceiling: 3,
                inFlight: 1,
                quietUntilMilliseconds: nil,
                rate: RateLimit(events: 5, per: .seconds(1)),
                isRateUsedUp: true
            )
            $0.holds = FlowHold.holds(of: budget)
            $0.figures.ready[.std] = 5
            $0.figures.oldestQueued = .seconds(4)
            $0.workers = [try worker(busy: 2)]
        },
        QueueCase(
            cause: .moving,
            text: "moving: 5 wait, 2 held by 1 worker; 12 done in the last minute",
            since: now - 3_000
        ) {
            $0.figures.ready[.std] = 5
            $0.figures.running = 2
            $0.figures.oldestQueued = .seconds(3)
            $0.workers = [try worker(busy: 2)]
            $0.recent = RecentRuns(
                perMinute: 12,
                meanRun: nil,
                p95Run: nil,
                p95Wait: nil,
                lastMilliseconds: now
            )
        },
        QueueCase(
            cause: .stuck,
            text: "nothing runs and nothing was done in the last minute, although work could run "
                + "and 1 worker lives: every attempt fails, or results cannot be written",
            since: now - 70_000,
            command: "ringback doctor, and the log of worker-sync"
        ) {
            $0.figures.ready[.std] = 5
            $0.figures.running = 2
            $0.figures.oldestQueued = .seconds(70)
        },
        QueueCase(
            cause: .saturated,
            text: "all 4 slots of 1 worker are busy and parked jobs are due",
            since: now - 90_000,
            command: "start another worker-sync, or raise RINGBACK_CONCURRENCY"
        ) {
            $0.figures.running = 4
            $0.figures.later = 1
            $0.figures.nextDueMilliseconds = now - 90_000
            $0.workers = [try worker(busy: 4)]
        },
        QueueCase(
            cause: .waitingForTime,
            text: "1 job waits for its time; nothing else is here",
            until: now + 60_000,
            command: "ringback jobs list sync --state later, and `ringback jobs run-now ID`"
        ) {
            $0.figures.later = 1
            $0.figures.nextDueMilliseconds = now + 60_000
        },
        QueueCase(
            cause: .idle,
            text: "idle: nothing waits, nothing runs, and 1 worker is ready",
            since: nil,
            command: "ringback schedule next"
        ) { _ in },
    ]
}

extension QueueCase {
    /// Jobs of one key that rests, and no others.
    static func limit(
        _ snapshot: inout QueueSnapshot,
        waiting: Int,
        _ rest: LimitRest,
        _ settings: LimitSettings
    ) throws {
        snapshot.figures.ready[.std] = waiting
        let figures = LimitFigures(
            key: try LimitKey("agent_1"),
            settings: settings,
            running: 2,
            waiting: [.std: waiting],
            rest: rest,
            untilMilliseconds: now + 9_000,
            waitingSinceMilliseconds: now - 11_000
        )
        snapshot.holds = FlowHold.holds(of: [figures], waiting: waiting)
    }
}

@Suite("Explanations")
struct ExplainTests {
    @Test("every cause of a queue is named, with its time and its remedy", arguments: QueueCase.all)
    func queues(_ example: QueueCase) throws {
        var snapshot = try QueueCase.idle()
        try example.look(&snapshot)
        let expected = Explanation(
            example.cause,
            example.text,
            since: example.since,
            until: example.until,
            command: example.command
        )
        #expect(QueueRules.explanations(snapshot).first == expected)
    }

    @Test("a queue that stands still never looks idle or moving")
    func standing() throws {
        var snapshot = try QueueCase.idle()
        snapshot.figures.workers = 0
        snapshot.workers = []
        for waiting in [0, 5] {
            snapshot.figures.ready[.std] = waiting
            let causes = QueueRules.explanations(snapshot).map(\.cause)
            #expect(causes == [.noWorker])
        }
        snapshot.figures.pause = PauseState(person: "ana", reason: "", atMilliseconds: 1)
        #expect(QueueRules.explanations(snapshot).map(\.cause) == [.paused, .noWorker])
    }

    @Test("a resting key does not hold up the jobs of others")
    func others() throws {
        var snapshot = try QueueCase.idle()
        try QueueCase.limit(&snapshot, waiting: 3, .rate, LimitSettings())
        #expect(QueueRules.explanations(snapshot).contains { $0.isBlocking })
        let key = try LimitKey("agent_1")
        let figures = LimitFigures(
            key: key,
            settings: LimitSettings(),
            waiting: [.std: 3],
            rest: .rate
        )
        snapshot.figures.ready[.std] = 8
        snapshot.holds = FlowHold.holds(of: [figures], waiting: 8)
        #expect(!QueueRules.explanations(snapshot).contains { $0.isBlocking })
        #expect(QueueRules.explanations(snapshot).contains { $0.cause == .limit })
    }

    @Test("the sentence gives both times and the command")
    func rendering() {
        let explanation = Explanation(
            .paused,
            "paused by ana",
            since: QueueCase.now - 90_000,
            until: QueueCase.now + 5_000,
            command: "ringback queue resume sync"
        )
        #expect(
            explanation.rendered(nowMilliseconds: QueueCase.now)
                == """
                paused by ana, since 2026-11-14T23:45:10Z (1m 30s), until 2026-11-14T23:46:45Z \
                (in 5s)
                  -> ringback queue resume sync
                """
        )
    }
}

@Suite("Explanations of a job")
struct ExplainJobTests {
    private static let now = QueueCase.now

    private func explain(
        _ state: JobState?,
        reason: String? = nil,
        at: Int64? = nil,
        history: JobHistory = JobHistory(),
        deep: [JobTimeline.DeepLane] = [],
        held: (key: UniqueKey, holder: JobID)? = nil,
        limit: String? = nil,
        queue change: (inout QueueSnapshot) throws -> Void = { _ in }
    ) throws -> [Explanation] {
        let id = try JobID("sync-1")
        let record = try state.map { state in
            JobRecord(
                job: Job(
                    id: id,
                    kind: "sync",
                    lane: .std,
                    attempt: 2,
                    crashes: 1,
                    createdMilliseconds: Self.now - 9_000,
                    readyMilliseconds: Self.now - 4_000,
                    payload: [],
                    unique: held?.key,
                    uniqueHorizon: .zero,
                    trace: nil,
                    limit: try limit.map { try LimitKey($0) }
                ),
                state: state,
                batch: Batch.Reference(
                    id: BatchID(worker: try WorkerID("w1"), number: 1),
                    isSolo: false
                ),
                atMilliseconds: at,
                reason: reason
            )
        }
        var queue = try QueueCase.idle()
        try change(&queue)
        return JobRules.explanations(
            JobRules.Snapshot(
                timeline: JobTimeline(
                    id: id,
                    history: history,
                    held: record.map { ("sync", $0) },
                    deepLanes: deep,
                    nowMilliseconds: Self.now
                ),
                queue: queue,
                held: held
            )
        )
    }

    @Test("waiting: only the rest of its own limit key holds it up")
    func limited() throws {
        for (key, causes) in [
            ("agent_1", [Explanation.Cause.waiting, .limit]), ("agent_2", [.waiting]),
        ] {
            let found = try explain(.ready, limit: key) {
                try QueueCase.limit(&$0, waiting: 3, .open, LimitSettings())
            }
            #expect(found.map(\.cause) == causes)
            #expect(found[0].text.hasSuffix("its limit key rests") == (causes.count > 1))
        }
    }

    @Test("running: by whom, since when, and how to end it")
    func running() throws {
        let mark = JobMark(
            id: try JobID("sync-1"),
            kind: "sync",
            lane: .std,
            event: .started,
            attempt: 2,
            enqueuedMilliseconds: 1,
            atMilliseconds: Self.now - 1_000,
            ranMilliseconds: 2_000
        )
        let found = try explain(.running, history: JobHistory(events: [mark]))
        #expect(found.map(\.cause) == [.running])
        #expect(found[0].text == "held by w1, attempt 2")
        #expect(found[0].sinceMilliseconds == Self.now - 3_000)
        #expect(found[0].command?.hasPrefix("ringback jobs cancel sync-1") ?? false)
    }

    @Test("waiting: and what keeps its queue from moving")
    func waiting() throws {
        let free = try explain(.ready)
        #expect(free.map(\.cause) == [.waiting])
        #expect(free[0].text == "waiting in sync/std, its turn comes")
        #expect(free[0].sinceMilliseconds == Self.now - 4_000)
        let stopped = try explain(.ready) { $0.figures.workers = 0 }
        #expect(stopped.map(\.cause) == [.waiting, .noWorker])
        #expect(stopped[0].text.hasSuffix("its queue stands still"))
    }

    @Test("parked: until when, why, and how to run it now")
    func parked() throws {
        let found = try explain(.later, reason: "the upstream is busy", at: Self.now + 5_000)
        #expect(found.map(\.cause) == [.parked])
        #expect(found[0].text == "waits for its time, attempt 2: the upstream is busy")
        #expect(found[0].untilMilliseconds == Self.now + 5_000)
        #expect(found[0].command == "ringback jobs run-now sync-1")
    }

    @Test("suspect: it runs alone")
    func suspect() throws {
        let found = try explain(.suspect)
        #expect(found.map(\.cause) == [.suspect])
        #expect(found[0].command == "ringback explain queue sync")
    }

    @Test("dead: why, since when, how to retry, and what would refuse that")
    func dead() throws {
        let holder = (key: try UniqueKey("poll"), holder: try JobID("sync-2"))
        let found = try explain(.dead, reason: "no use", at: Self.now, held: holder)
        #expect(found.map(\.cause) == [.dead, .uniqueKeyHeld])
        #expect(found[0].text == "dead: no use")
        #expect(found[0].sinceMilliseconds == Self.now)
        #expect(found[1].command == "ringback explain job sync-2")
    }

    @Test("in the outbox: held back by a unique key")
    func outbox() throws {
        let entry = OutboxEntry(
            id: try JobID("sync-1"),
            job: OutboxJob(queue: try QueueName("sync"), kind: "sync", lane: .std, payload: []),
            createdMilliseconds: Self.now - 2_000,
            sends: 0
        )
        let holder = (key: try UniqueKey("poll"), holder: try JobID("sync-2"))
        let found = try explain(nil, history: JobHistory(outbox: entry), held: holder)
        #expect(found.map(\.cause) == [.uniqueKeyHeld, .outbox])
        #expect(found[1].sinceMilliseconds == Self.now - 2_000)
    }

    @Test("sent, and behind more jobs than are looked at: it waits there, and what holds it")
    func sentIntoDepth() throws {
        var entry = OutboxEntry(
            id: try JobID("sync-1"),
            job: OutboxJob(queue: try QueueName("sync"), kind: "sync", lane: .std, payload: []),
            createdMilliseconds: Self.now - 2_000,
            sends: 1
        )
        let lanes: [JobTimeline.DeepLane] = [
            .init(queue: "export", lane: .low), .init(queue: "sync", lane: .std),
        ]
        let found = try explain(nil, history: JobHistory(outbox: entry), deep: lanes) {
            $0.figures.workers = 0
        }
        #expect(found.map(\.cause) == [.waiting, .noWorker])
        #expect(found[0].text == "waiting in sync/std, behind the first 500 jobs")
        let timeline = JobTimeline(
            id: try JobID("sync-1"),
            history: JobHistory(outbox: entry),
            held: nil,
            deepLanes: lanes,
            nowMilliseconds: Self.now
        )
        #expect(timeline.hiddenQueue == "sync")
        entry.sends = 0
        let unsent = try explain(nil, history: JobHistory(outbox: entry), deep: lanes)
        #expect(unsent.map(\.cause) == [.outbox])
    }

    @Test("over: done, cancelled, or never heard of")
    func over() throws {
        let done = IndexedJob(
            id: try JobID("sync-1"),
            kind: "sync",
            state: .done,
            worker: "w1",
            changedMilliseconds: Self.now
        )
        #expect(try explain(nil, history: JobHistory(done: done)).map(\.cause) == [.done])
        var cancelled = done
        cancelled.state = .cancelled
        let history = JobHistory(indexed: cancelled)
        #expect(try explain(nil, history: history).map(\.cause) == [.cancelled])
        #expect(try explain(nil).map(\.cause) == [.unknown])
        let deep = try explain(nil, deep: [.init(queue: "sync", lane: .std)])
        #expect(deep.map(\.cause) == [.waiting])
    }
}
