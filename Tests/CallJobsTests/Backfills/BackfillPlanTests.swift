import CallJobs
import CallStore
import Testing

@Suite("Plan of a backfill")
struct BackfillPlanTests {
    private static let day: Int64 = 86_400

    private static func range(days: Int64, slice: Int64 = day) -> BackfillRange {
        BackfillRange(fromUnix: 0, toUnix: days * day, sliceSeconds: slice)
    }

    private static func covered(_ from: Int64, _ to: Int64, calls: Int) -> Coverage {
        Coverage(fromUnix: from * day, toUnix: to * day, calls: calls, requests: calls)
    }

    private static func plan(
        _ range: BackfillRange,
        _ coverage: [Coverage] = [],
        history: CoverageDensity? = nil,
        parallel: Int = 2
    ) -> BackfillPlan {
        BackfillPlan(
            range: range,
            coverage: coverage,
            history: history,
            pace: nil,
            parallel: parallel
        )
    }

    @Test("cuts the range into slices, the last one shorter")
    func slices() {
        let range = BackfillRange(fromUnix: 10, toUnix: 35, sliceSeconds: 10)
        #expect(range.slices == 3)
        #expect((0..<3).map(range.slice) == [10..<20, 20..<30, 30..<35])
        #expect(BackfillRange(fromUnix: 10, toUnix: 30, sliceSeconds: 10).slices == 2)
    }

    @Test("counts slices as complete that lie in one covered stretch, and no others")
    func complete() {
        let stretches = [Self.covered(1, 3, calls: 10), Self.covered(5, 6, calls: 2)]
        let plan = Self.plan(Self.range(days: 10), stretches)
        #expect(plan.complete == 3)
        #expect(plan.jobs == 7)
        // A slice that is covered in part has to be read.
        let coarse = Self.plan(Self.range(days: 10, slice: 2 * Self.day), stretches)
        #expect(coarse.complete == 0)
        var again = Self.range(days: 10)
        again.rereads = true
        #expect(Self.plan(again, stretches).jobs == 10)
        // Of those that are still to come when the first were handed out.
        let left = [0, 1, 2, 5, 6, 10].map {
            BackfillPlan.complete(Self.range(days: 10), stretches, from: $0)
        }
        #expect(left == [3, 3, 2, 1, 0, 0])
        #expect(BackfillPlan.complete(again, stretches, from: 2) == 0)
    }

    @Test("estimates requests by what was seen in the range, else in all that is covered")
    func basis() {
        let own = Self.plan(Self.range(days: 10), [Self.covered(0, 2, calls: 500)])
        #expect(own.basis == .range(CoverageDensity(calls: 500, seconds: 2 * Self.day)))
        // 8 days of 250 calls, three pages each.
        #expect(own.calls == 2000)
        #expect(own.requests == 2000 + 8 * 3)
        #expect(own.time == .seconds(2024 * BackfillPlan.requestSecondsAssumed / 2))
        #expect(!own.isMeasured)
        let history = CoverageDensity(calls: 10, seconds: Self.day)
        let other = Self.plan(Self.range(days: 3), history: history)
        #expect(other.basis == .history(history))
        #expect(other.requests == 33)
        let none = Self.plan(Self.range(days: 3))
        #expect(none.basis == .none)
        #expect(none.calls == nil)
        #expect(none.requests == 3)
    }

    @Test("takes the time of a request from the last backfill")
    func measured() {
        let samples = [
            PaceSample(atMilliseconds: 0, ended: 0, requests: 0, parallel: 2),
            PaceSample(atMilliseconds: 10_000, ended: 5, requests: 40, parallel: 2),
        ]
        let plan = BackfillPlan(
            range: Self.range(days: 100),
            coverage: [],
            history: nil,
            pace: BackfillPace(samples: samples, parallel: 1),
            parallel: 1
        )
        // 40 requests in 20 permit-seconds.
        #expect(plan.isMeasured)
        #expect(abs(plan.requestSeconds - 0.5) < 0.001)
        #expect(plan.time == .seconds(50))
    }
}
