import Console
import Foundation
import Histogram
import JobQueue
import Reports
import Testing

@Suite("a soak")
struct SoakTests {
    @Test("makes as many jobs as its rate and its time ask for, when they are due")
    func plan() {
        let plan = SoakPlan(time: .seconds(90), rate: 40, workers: 2, slots: 4, payloadBytes: 150)
        #expect(plan.jobs == 3600)
        #expect(plan.due(after: .zero) == 1)
        #expect(plan.due(after: .milliseconds(500)) == 21)
        #expect(plan.due(after: .seconds(89)) == 3561)
        #expect(plan.due(after: .seconds(900)) == 3600)
    }

    @Test(
        "jobs carry when they were made, in arguments of the asked size",
        arguments: [64, 150, 5000]
    )
    func payload(bytes: Int) throws {
        let payload = SoakJob.payload(made: 1_794_700_000_123_456, bytes: bytes)
        #expect(payload.count == bytes)
        #expect(SoakJob.made(payload) == 1_794_700_000_123_456)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(payload)) }
        #expect(SoakJob.made(Array("{}".utf8)) == nil)
        #expect(SoakJob.made(Array(#"{"madeMicroseconds":"x"}"#.utf8)) == nil)
    }

    private static func report(recorded: Int, applied: Int, left: Int = 0) -> SoakReport {
        var count = SoakCount()
        count.applied = applied
        for wait in 1...1000 { count.noteWait(microseconds: Int64(wait) * 100) }
        let memory = SoakReport.Memory(
            name: "worker-1",
            first: 10_000_000,
            last: 11_000_000,
            most: 12_500_000
        )
        return SoakReport(
            plan: SoakPlan(time: .seconds(60), rate: 20, workers: 1, slots: 4, payloadBytes: 150),
            entered: 1200,
            recorded: recorded,
            count: count,
            took: .seconds(60),
            left: left,
            deaths: 0,
            refusals: 0,
            memory: [memory],
            redis: SoakReport.Memory(name: "redis", first: 1, last: 1, most: 2_000_000)
        )
    }

    @Test("finds what was lost and what was doubled")
    func verdicts() {
        #expect(Self.report(recorded: 1200, applied: 1200).isSound)
        #expect(Self.report(recorded: 1200, applied: 1200).throughput == 20)
        let lost = Self.report(recorded: 1190, applied: 1190)
        #expect(lost.lost == 10 && !lost.isSound)
        let doubled = Self.report(recorded: 1200, applied: 1203)
        #expect(doubled.doubled == 3 && !doubled.isSound)
        // What still waits is not lost, and not done.
        let late = Self.report(recorded: 1150, applied: 1150, left: 50)
        #expect(late.lost == 0 && !late.isSound)
        // A worker that died has not told what it did: no proof of a loss.
        #expect(Self.report(recorded: 1200, applied: 700).isSound)
    }

    @Test("says it in words and as JSON")
    func shown() {
        let report = Self.report(recorded: 1200, applied: 1200)
        #expect(report.text.contains("1200 of 1200 jobs took effect in 1m, 20 a second"))
        #expect(report.text.contains("0 lost, 0 doubled, 0 still in the queue"))
        #expect(report.text.contains("p50 50.0 ms"))
        #expect(report.text.contains("12.5 MB"))
        let json = report.json.rendered(indented: false)
        #expect(json.contains(#""lost":0"#) && json.contains(#""mostBytes":12500000"#))
        #expect(json.contains(#""p999":"#))
    }

    @Test("counts of workers add up, also after a way through JSON")
    func counts() throws {
        var first = SoakCount()
        first.applied = 2
        first.noteWait(microseconds: 100)
        first.noteWait(microseconds: -5)
        let second = try JSONDecoder().decode(SoakCount.self, from: try JSONEncoder().encode(first))
        first.add(second)
        #expect(first.applied == 4)
        #expect(first.waits.totalCount == 4)
        #expect(first.waits.maxRecorded == 100)
    }

    @Test("reads what the kernel says of a process")
    func memory() throws {
        let memory = try #require(ProcessMemory(process: getpid()))
        #expect(memory.residentBytes > 1_000_000)
        #expect(memory.mostBytes >= memory.residentBytes / 2)
        #expect(ProcessMemory(process: -1) == nil)
        #expect(ProcessMemory(status: "Name:\tx\nState:\tZ (zombie)\n") == nil)
    }
}
