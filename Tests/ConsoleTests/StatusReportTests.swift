import CallStore
import Console
import Foundation
import JobQueue
import RedisQueue
import Reports
import Testing

@Suite("status")
struct StatusReportTests {
    private var report: StatusReport {
        var figures = QueueFigures(
            nowMilliseconds: 0,
            pause: nil,
            ready: [.hi: 0, .std: 12, .low: 0],
            suspects: 0,
            running: 4,
            later: 1,
            dead: 0,
            oldestQueued: .milliseconds(840),
            nextDueMilliseconds: nil,
            workers: 1,
            slots: 16,
            counters: QueueCounters(enqueued: 120, succeeded: 100, retried: 2, failed: 2)
        )
        let sync = StatusReport.Queue(name: "sync", figures: figures, workersNeeded: 3)
        figures.pause = PauseState(
            person: "ana",
            reason: "maintenance",
            atMilliseconds: 1_795_262_400_000
        )
        figures.oldestQueued = nil
        figures.workers = 0
        figures.ready = [:]
        figures.running = 0
        let export = StatusReport.Queue(name: "export", figures: figures)
        return StatusReport(
            time: Date(timeIntervalSince1970: 1_795_262_400),
            redis: RedisServerFacts(
                version: "7.0.15",
                usedMemoryBytes: 1_048_576,
                memoryMaxBytes: 0,
                memoryPolicy: "noeviction",
                hasAppendOnlyFile: true
            ),
            queues: [sync, export],
            schedules: [
                StatusReport.ScheduleState(
                    name: "poll",
                    next: Date(timeIntervalSince1970: 1_795_263_300),
                    last: nil
                )
            ],
            calls: CallCounts(
                total: 500,
                done: 480,
                unfinished: 20,
                attributed: 312,
                unattributed: 188,
                conversions: 121,
                lastPollMilliseconds: 1_795_262_400_000,
                lastWebhookMilliseconds: nil
            )
        )
    }

    @Test("the JSON has exactly the documented fields")
    func golden() {
        #expect(
            report.json.rendered(indented: false)
                == """
                {"time":"2026-11-21T12:00:00Z",\
                "redis":{"version":"7.0.15","usedMemoryBytes":1048576,\
                "maxmemoryPolicy":"noeviction","aof":true},\
                "queues":[{"name":"sync","paused":false,\
                "ready":{"hi":0,"std":12,"low":0,"suspect":0},"running":4,"later":1,"dead":0,\
                "oldestReadySeconds":0.8,"enqueued":120,"succeeded":100,"failed":2,"retried":2,\
                "reaped":0,"workers":1,"slots":16,"pause":null,\
                "workersNeeded":3},\
                {"name":"export","paused":true,"ready":{"hi":0,"std":0,"low":0,"suspect":0},\
                "running":0,"later":1,"dead":0,"oldestReadySeconds":null,"enqueued":120,\
                "succeeded":100,"failed":2,"retried":2,"reaped":0,"workers":0,"slots":16,\
                "pause":{"by":"ana","reason":"maintenance","since":"2026-11-21T12:00:00Z"},\
                "workersNeeded":null}],\
                "schedules":[{"name":"poll","next":"2026-11-21T12:15:00Z","last":null,\
                "paused":false}],\
                "calls":{"total":500,"done":480,"unfinished":20,"attributed":312,\
                "unattributed":188,"conversions":121,"lastPoll":"2026-11-21T12:00:00Z",\
                "lastWebhook":null},"archive":{"stuck":0,"deletedUpstream":0,"erased":0,\
                "webhooksSilent":false,"missedWebhooks":0}}
                """
        )
    }

    @Test("the text says which queue is paused or has no worker")
    func text() {
        let text = report.text
        #expect(text.contains("paused by ana"))
        #expect(text.contains("calls 500: 480 done, 20 unfinished; 312 attributed, 188 not;"))
        #expect(text.contains("polled 0s ago"))
        #expect(report.summaryLine.hasSuffix("waiting+running: sync 12+4"))
    }
}
