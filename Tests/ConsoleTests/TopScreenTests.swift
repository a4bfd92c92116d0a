import CallStore
import Console
import Foundation
import JobQueue
import RedisQueue
import Testing

/// A stack at one moment.
enum TopSample {
    static let now: Int64 = 1_794_700_000_000

    static func figures(
        waiting: Int = 0,
        running: Int = 0,
        later: Int = 0,
        dead: Int = 0,
        oldest: Duration? = nil,
        workers: Int = 1,
        pause: PauseState? = nil
    ) -> QueueFigures {
        QueueFigures(
            nowMilliseconds: now,
            pause: pause,
            ready: [.hi: 0, .std: waiting, .low: 0],
            suspects: 0,
            running: running,
            later: later,
            dead: dead,
            oldestQueued: oldest,
            nextDueMilliseconds: nil,
            workers: workers,
            slots: workers * 4,
            counters: QueueCounters(enqueued: 100, succeeded: 99, failed: 1)
        )
    }

    static func snapshot() throws -> TopSnapshot {
        let pause = PauseState(person: "ana", reason: "", atMilliseconds: now)
        let recent = RecentRuns(
            perMinute: 30,
            meanRun: .milliseconds(300),
            p95Run: .milliseconds(640),
            p95Wait: .milliseconds(1_200),
            lastMilliseconds: now
        )
        return TopSnapshot(
            time: Date(timeIntervalSince1970: Double(now) / 1000),
            redis: RedisServerFacts(
                version: "7.2.0",
                usedMemoryBytes: 190_840_832,
                memoryMaxBytes: 0,
                memoryPolicy: "noeviction",
                hasAppendOnlyFile: true,
                uptime: .seconds(41 * 86_400)
            ),
            queues: [
                .init(
                    name: "sync",
                    figures: figures(
                        waiting: 11,
                        running: 4,
                        later: 1,
                        oldest: .seconds(8),
                        workers: 4
                    ),
                    recent: recent,
                    retrying: 1,
                    inPerMinute: 31,
                    outPerMinute: 30,
                    history: [1, 2, 4, 3, 4, 2, 1, 1, 2, 4],
                    workersNeeded: 2
                ),
                .init(
                    name: "attribution",
                    figures: figures(waiting: 2, running: 1, oldest: .seconds(1), workers: 2),
                    workersNeeded: 1
                ),
                .init(
                    name: "conversion",
                    figures: figures(waiting: 5, running: 1, oldest: .seconds(130), workers: 2)
                ),
                .init(name: "export", figures: figures(pause: pause), workersNeeded: 0),
                .init(
                    name: "upkeep",
                    figures: figures(
                        waiting: 4,
                        later: 5,
                        dead: 2,
                        oldest: .seconds(840),
                        workers: 0
                    ),
                    retrying: 2,
                    workersNeeded: 1
                ),
            ],
            pulse: StorePulse(
                outboxOldestMilliseconds: nil,
                retrying: ["sync": 1, "upkeep": 2],
                lastPollMilliseconds: now - 180_000,
                lastWebhookMilliseconds: now - 40_000,
                bytes: 1_395_864_371
            ),
            walBytes: 4_194_304,
            running: [
                IndexedJob(
                    id: try JobID("sync-1"),
                    kind: "sync",
                    state: .running,
                    entity: "conv_8f",
                    attempt: 2,
                    changedMilliseconds: now - 3_000
                )
            ],
            progress: [
                .init(
                    name: "conversion: re-score rs-1",
                    done: 12_200,
                    total: 20_000,
                    left: .seconds(180)
                )
            ],
            failures: [
                FailureGroup(
                    kind: "upkeep",
                    errorClass: "upstream",
                    reason: "the upstream answered 503",
                    count: 5,
                    firstMilliseconds: now - 840_000,
                    lastMilliseconds: now
                )
            ]
        )
    }

    static func screen(
        columns: Int,
        rows: Int,
        _ change: (inout TopState) -> Void = { _ in },
        detail: TopDetail = .none,
        outage: String? = nil
    ) throws -> TopScreen {
        var state = TopState(mayAct: false)
        change(&state)
        return TopScreen(
            snapshot: try snapshot(),
            state: state,
            detail: detail,
            columns: columns,
            rows: rows,
            outage: outage
        )
    }

    static func text(_ screen: TopScreen) -> String {
        screen.lines().map { line in
            String(line.text.reversed().drop { $0 == " " }.reversed())
        }
        .joined(separator: "\n")
    }
}

@Suite("top: the screen")
struct TopScreenTests {
    @Test("a wide screen shows everything")
    func wide() throws {
        let text = TopSample.text(try TopSample.screen(columns: 132, rows: 14))
        #expect(
            text == """
                ringback top  redis 7.2.0 up 41d  mem 182M  23:46:40 UTC  every 2s  ElevenLabs ok  \
                last poll 3m00s  webhook 40s  lag 0s
                jobs  in 31/min  out 30/min  fail 1.0%   running 6   workers 9   waiting 22   \
                retry 3   dead 2   SQLite 1.3G  wal 4.0M
                  QUEUE       STATE      WAIT RUN SCHED RETRY DEAD OLDEST IN/m OUT/m p95W  p95R \
                WORKERS 10 min
                > sync        active       11   4     0     1    0     8s   31    30 1.2s 640ms     \
                4/2 ▂▄█▆█▄▂▂▄█
                  attribution active        2   1     0     0    0     1s    -     -    -     -     \
                2/1
                  conversion  active        5   1     0     0    0 2m10s!    -     -    -     -     \
                2/?
                  export      PAUSED ana    0   0     0     0    0      -    -     -    -     -     \
                1/0
                  upkeep      NO WORKER     4   0     3     2    2   14m!    -     -    -     -     \
                0/1 !

                RUNNING  conversion: re-score rs-1 61% 12200/20000 ETA 3m00s  |  \
                sync conv_8f try 2 3s
                LAST ERRORS  upkeep upstream x5 in 14m  the upstream answered 503


                [Enter] open  [/] filter  [s] sort: name  [w] workers  [c] schedules  [d] dead  \
                [space] freeze  [?] help  [q] quit  READ-ONLY
                """
        )
    }

    @Test("a narrow screen gives up columns from the right; name, state and the truth stay")
    func narrow() throws {
        let text = TopSample.text(try TopSample.screen(columns: 48, rows: 9))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[2] == "  QUEUE       STATE      WAIT RUN DEAD OLDEST")
        #expect(lines[7] == "  upkeep      NO WORKER     4   0    2   14m!")
    }

    @Test("no line is wider than the screen, and there are as many as it has rows")
    func bounds() throws {
        let timeline = JobTimeline(
            id: try JobID("sync-1"),
            history: JobHistory(),
            held: nil,
            deepLanes: [],
            nowMilliseconds: TopSample.now
        )
        let screens: [(TopState.Screen, TopDetail)] = [
            (.overview, .none), (.workers, .none), (.schedules, .none), (.dead, .dead([], ids: [])),
            (.queue("sync"), .jobs([], hasMore: true)), (.job("sync", timeline.id), .job(timeline)),
        ]
        for (screen, detail) in screens {
            for columns in 20...300 {
                let rows = 5 + columns % 50
                let drawn = try TopSample.screen(
                    columns: columns,
                    rows: rows,
                    { $0.screens = [.overview, screen] },
                    detail: detail
                )
                let lines = drawn.lines()
                #expect(lines.count == rows)
                #expect(lines.allSatisfy { $0.width <= columns }, "\(screen) at \(columns)")
            }
        }
    }

    @Test("the environment is named, and production is an alert")
    func environment() throws {
        for (name, style) in [("staging", TopStyle.bold), ("production", .alert)] {
            let screen = TopScreen(
                snapshot: try TopSample.snapshot(),
                state: TopState(mayAct: false),
                columns: 120,
                rows: 10,
                environment: name
            )
            let title = try #require(screen.lines().first)
            #expect(title.text.hasPrefix("ringback top  \(name)  redis"))
            #expect(title.pieces.contains { $0.text == name && $0.style == style })
        }
    }

    @Test("a stalled queue never looks like an idle one")
    func stalled() throws {
        var snapshot = try TopSample.snapshot()
        let idle = TopSample.figures()
        var stalled = idle
        stalled.workers = 0
        stalled.slots = 0
        for (figures, words) in [(idle, "active"), (stalled, "NO WORKER")] {
            snapshot.queues = [.init(name: "sync", figures: figures)]
            let screen = TopScreen(
                snapshot: snapshot,
                state: TopState(mayAct: false),
                columns: 40,
                rows: 10
            )
            #expect(TopSample.text(screen).contains(words))
        }
    }

    @Test("when Redis is gone, the last data stay, dimmed, with their age")
    func outage() throws {
        let screen = try TopSample.screen(columns: 100, rows: 12, outage: "no answer for 5s")
        let lines = screen.lines()
        #expect(lines[1].text == "no answer for 5s")
        #expect(lines[1].pieces.map(\.style) == [.alert])
        #expect(lines[4].text.contains("sync"))
        #expect(lines[4].pieces.allSatisfy { $0.style == .dim })
    }

    @Test("without colours the looks that stay are not colours, and words say the same")
    func noColour() throws {
        let screen = try TopSample.screen(columns: 100, rows: 12)
        let text = screen.lines().map { $0.rendered(isColoured: false) }.joined(separator: "\n")
        for colour in 30...37 {
            #expect(!text.contains("\(colour)m"))
        }
        #expect(text.contains("NO WORKER"))
    }

    @Test("wide characters are measured, and what moves the cursor is not passed on")
    func characters() {
        #expect(TopText.width("日本") == 4)
        #expect(TopText.width("e\u{301}") == 1)
        #expect(TopLine("日本語").cut(to: 5).text == "日本")
        #expect(TopLine("a\u{1B}[2Jb").text == "a [2Jb")
    }

    @Test("arguments that could hold a number of a phone are masked")
    func masked() throws {
        let job = Job(
            id: try JobID("hand-1"),
            kind: "sync",
            lane: .std,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: TopSample.now,
            readyMilliseconds: TopSample.now,
            payload: Array(#"{"x":"+4915112345678"}"#.utf8),
            unique: nil,
            uniqueHorizon: .zero,
            trace: nil
        )
        let screen = try TopSample.screen(
            columns: 160,
            rows: 10,
            { $0.screens = [.overview, .queue("sync")] },
            detail: .jobs([JobRecord(job: job, state: .ready)], hasMore: false)
        )
        let text = TopSample.text(screen)
        #expect(text.contains("hand-1"))
        #expect(!text.contains("4915112345678"))
    }
}
