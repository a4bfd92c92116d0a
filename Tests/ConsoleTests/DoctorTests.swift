import CallJobs
import CallStore
import Console
import JobQueue
import TestSupport
import Testing

@Suite("doctor")
struct DoctorTests {
    private var figures: QueueFigures {
        QueueFigures(
            nowMilliseconds: 0,
            pause: nil,
            ready: [:],
            suspects: 0,
            running: 0,
            later: 0,
            dead: 0,
            oldestQueued: nil,
            nextDueMilliseconds: nil,
            workers: 1,
            slots: 16,
            counters: QueueCounters()
        )
    }

    @Test("a queue is judged by its pause, its workers and its suspects")
    func queues() {
        #expect(DoctorRules.queue("sync", figures).map(\.grade) == [.ok])
        var bad = figures
        bad.pause = PauseState(person: "ana", reason: "test", atMilliseconds: 0)
        bad.workers = 0
        bad.suspects = 3
        let findings = DoctorRules.queue("sync", bad)
        #expect(findings.map(\.grade) == [.warning, .problem, .warning])
        #expect(findings.first?.fix == "ringback queue resume sync")
        #expect(findings.allSatisfy { $0.fix != nil })
    }

    @Test("numbers are judged at their edges")
    func edges() {
        let free = DoctorRules.freeBytesMin
        #expect(DoctorRules.disk(freeBytes: free, folder: "d").grade == .ok)
        #expect(DoctorRules.disk(freeBytes: free - 1, folder: "d").grade == .problem)
        #expect(DoctorRules.disk(freeBytes: nil, folder: "d").grade == .warning)
        #expect(DoctorRules.wal(bytes: DoctorRules.walBytesMax).grade == .ok)
        #expect(DoctorRules.wal(bytes: DoctorRules.walBytesMax + 1).grade == .warning)
        for sign in [1, -1] {
            #expect(DoctorRules.clock(difference: .seconds(5 * sign)).grade == .ok)
            #expect(DoctorRules.clock(difference: .seconds(6 * sign)).grade == .warning)
        }
        let age = DoctorRules.pollAgeMax * 1000
        #expect(DoctorRules.poll(lastMilliseconds: 0, nowMilliseconds: age).grade == .ok)
        #expect(DoctorRules.poll(lastMilliseconds: 0, nowMilliseconds: age + 1).grade == .problem)
        #expect(DoctorRules.poll(lastMilliseconds: nil, nowMilliseconds: 0).grade == .warning)
    }

    @Test("an index of words that is not whole is told of, and warned of when it stands still")
    func searches() {
        func finding(_ calls: Int, isComplete: Bool, stands: Int64) -> Finding {
            SearchRules.index(
                TextIndexProgress(
                    calls: calls,
                    callsAll: 200,
                    isComplete: isComplete,
                    movedMilliseconds: 0
                ),
                nowMilliseconds: stands * 1_000
            )
        }
        let limit = SearchRules.standsMax
        #expect(finding(200, isComplete: true, stands: limit * 9).grade == .ok)
        let going = finding(50, isComplete: false, stands: limit)
        #expect(going.grade == .ok && going.fix == nil)
        #expect(going.detail.contains("50 of 200 calls (25 %)"))
        let standing = finding(50, isComplete: false, stands: limit + 1)
        #expect(standing.grade == .warning)
        #expect(standing.detail.contains("15m 1s") || standing.detail.contains("15m1s"))
        #expect(standing.fix?.contains("ringback enqueue upkeep task=texts") == true)
        #expect(finding(0, isComplete: false, stands: 0).detail.contains("0 of 200 calls (0 %)"))
    }

    @Test("figures are judged by their recount and by their zone")
    func figuresOfCalls() {
        let right = Recount(calls: 5, wrongCalls: 0, wrongSums: 0)
        #expect(DoctorRules.recount(right, zone: "UTC", wanted: "UTC").grade == .ok)
        let moved = DoctorRules.recount(right, zone: "UTC", wanted: "Europe/Berlin")
        #expect(moved.grade == .warning)
        #expect(moved.detail.contains("Europe/Berlin"))
        let half = FigureRebuild(reason: .zone, share: 0.5)
        let unfinished = Recount(calls: 5, wrongCalls: 3, wrongSums: 2)
        let waiting = DoctorRules.recount(unfinished, zone: "UTC", wanted: "UTC", rebuild: half)
        #expect(waiting.grade == .warning)
        #expect(waiting.detail.contains("50 %"))
        for wrong in [(1, 0), (0, 1)] {
            let finding = DoctorRules.recount(
                Recount(calls: 5, wrongCalls: wrong.0, wrongSums: wrong.1),
                zone: "UTC",
                wanted: "UTC"
            )
            #expect(finding.grade == .problem)
            #expect(finding.fix?.contains("--recount --repair") == true)
        }
    }

    @Test("unfinished calls are named when one is older than a day")
    func watchList() {
        func call(_ id: String, _ started: Int64) -> WatchedCall {
            WatchedCall(
                id: CallID(1),
                identity: CallIdentity(conversationID: id),
                status: .inProgress,
                startedUnix: started,
                fetchedAtMilliseconds: 0
            )
        }
        let day = DoctorRules.watchAgeMax
        #expect(DoctorRules.watchList([call("a", 0)], nowUnix: day).grade == .ok)
        let old = DoctorRules.watchList([call("b", 5), call("a", 0)], nowUnix: day + 6)
        #expect(old.grade == .warning)
        #expect(old.detail.contains("2 began"))
        #expect(old.detail.contains("such as a"))
    }

    private func dead(_ id: String, _ reason: String?, _ at: Int64) throws -> JobRecord {
        let job = try Job.first(id, kind: "sync", payload: [])
        return JobRecord(job: job, state: .dead, atMilliseconds: at, reason: reason)
    }

    @Test("dead jobs are grouped by their reason, the largest group first")
    func groups() throws {
        let groups = DeadGroup.groups(
            of: [
                try dead("1", "timeout", 30), try dead("2", "gone", 5),
                try dead("3", "timeout", 10), try dead("4", nil, 7),
            ],
            queue: "sync"
        )
        #expect(groups.map(\.reason) == ["timeout", "gone", "unknown"])
        #expect(groups.map(\.count) == [2, 1, 1])
        #expect(groups.first?.firstMilliseconds == 10)
        #expect(groups.first?.lastMilliseconds == 30)
        #expect(groups.first?.example == "1")
        #expect(DoctorRules.dead(groups).count == 3)
        #expect(DoctorRules.dead([]).map(\.grade) == [.ok])
    }
}
