import JobQueue
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite("The circuit breaker and the rate of the budget in Redis")
struct BudgetCircuitTests {
    @Test("opens after failures in a row, for everybody")
    func opens() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            for count in 1...5 {
                #expect(try await fixture.state().circuit == .closed, "before failure \(count)")
                let rest = try await fixture.budgets[0].release(
                    try await fixture.permit(),
                    .failed()
                )
                #expect((rest != nil) == (count == 5))
            }
            #expect(try await fixture.state().circuit == .open)
            for view in 0...1 {
                guard case .open(let wait) = try await fixture.budgets[view].acquire() else {
                    Issue.record("granted while the breaker is open")
                    return
                }
                // The first rest, 1000 s here, jittered down to half.
                #expect(wait > .seconds(490) && wait < .seconds(1001))
            }
        }
    }

    @Test("a success in between keeps it closed")
    func keepsClosed() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            for _ in 0..<3 {
                for _ in 0..<4 {
                    try await fixture.release(try await fixture.permit(), .failed())
                }
                try await fixture.release(try await fixture.permit(), .succeeded)
            }
            #expect(try await fixture.state().circuit == .closed)
        }
    }

    @Test("is opened at once by an upstream that names a time")
    func retryAfter() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            try await fixture.release(
                try await fixture.permit(),
                .failed(retryAfter: .seconds(600))
            )
            #expect(try await fixture.state().circuit == .open)
            #expect(try #require(try await fixture.wait()) > .seconds(590))
        }
    }

    @Test("lets one probe at a time through, and closes with its success")
    func probes() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            try await open(fixture)
            try await fixture.endQuiet()
            #expect(try await fixture.state().circuit == .halfOpen)
            let probe = try await fixture.permit(0)
            for view in 0...1 {
                guard case .open = try await fixture.budgets[view].acquire() else {
                    Issue.record("granted a second probe")
                    return
                }
            }
            try await fixture.release(probe, .succeeded)
            #expect(try await fixture.state().circuit == .closed)
            _ = try await fixture.permit(0)
            _ = try await fixture.permit(1)
        }
    }

    @Test("a probe that was not made, or whose worker died, makes room for the next")
    func lostProbes() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            try await open(fixture)
            try await fixture.endQuiet()
            try await fixture.release(try await fixture.permit(), .unused)
            let dead = try await fixture.permit()
            #expect(try await fixture.wait() != nil)
            try await fixture.expire(dead)
            try await fixture.release(try await fixture.permit(), .succeeded)
            #expect(try await fixture.state().circuit == .closed)
        }
    }

    @Test("rests twice as long with each opening, up to the limit, and anew after a success")
    func grows() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            try await open(fixture)
            for seconds in [2000, 3600, 3600] {
                try await fixture.endQuiet()
                try await fixture.release(try await fixture.permit(), .failed())
                let wait = try #require(try await fixture.wait())
                #expect(wait > .seconds(seconds / 2 - 10) && wait < .seconds(seconds + 1))
            }
            try await fixture.endQuiet()
            try await fixture.release(try await fixture.permit(), .succeeded)
            try await open(fixture)
            #expect(try #require(try await fixture.wait()) < .seconds(1001))
        }
    }

    @Test("an open breaker does not wait for a clock that went back")
    func clockWentBack() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            try await open(fixture)
            try await fixture.setQuiet(until: 9_999_999_999_999)
            #expect(try await fixture.state().circuit == .halfOpen)
            let probe = try await fixture.permit()
            #expect(try await fixture.budgets[0].release(probe, .succeeded) == nil)
            #expect(try await fixture.state().circuit == .closed)
        }
    }

    @Test("what was in flight when it opened neither closes it nor opens it anew")
    func oldRequests() async throws {
        try await BudgetFixture.run(ceiling: 20) { fixture in
            let early = try await fixture.permit()
            let other = try await fixture.permit()
            try await open(fixture)
            try await fixture.release(early, .succeeded)
            try await fixture.release(other, .failed())
            let state = try await fixture.state()
            #expect(state.circuit == .open)
            #expect(state.openings == 1)
        }
    }

    @Test("says since when no request has succeeded")
    func since() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            #expect(try await fixture.state().sinceMilliseconds == nil)
            try await open(fixture)
            let first = try #require(try await fixture.state().sinceMilliseconds)
            let until = try #require(try await fixture.state().quietUntilMilliseconds)
            // The first rest is 1000 s, jittered down to half.
            #expect((500_000...1_000_000).contains(until - first))
            try await fixture.endQuiet()
            try await fixture.release(try await fixture.permit(), .failed())
            #expect(try await fixture.state().sinceMilliseconds == first)
            try await fixture.endQuiet()
            try await fixture.release(try await fixture.permit(), .succeeded)
            #expect(try await fixture.state().sinceMilliseconds == nil)
        }
    }

    @Test("keeps to a rate, after a burst, over all processes")
    func rate() async throws {
        try await BudgetFixture.run(ceiling: 50) { fixture in
            var limits = RedisBudgetLimits()
            // One in 1000 s, so that no test lives to see the next.
            limits.rate = RateLimit(intervalMicroseconds: 1_000_000_000, burst: 3)
            let name = try fixture.name
            let budgets = (0..<2).map { view in
                RedisUpstreamBudget(
                    name: name,
                    ceiling: 50,
                    redis: fixture.client,
                    ambient: .live(seed: UInt64(view)),
                    limits: limits
                )
            }
            for index in 0..<3 {
                guard case .granted = try await budgets[index % 2].acquire() else {
                    Issue.record("refused within the burst")
                    return
                }
            }
            guard case .wait(let wait) = try await budgets[1].acquire() else {
                Issue.record("granted beyond the burst")
                return
            }
            #expect(wait > .seconds(990) && wait < .seconds(1001))
            #expect(try await budgets[1].state().isRateUsedUp)
            #expect(try await !fixture.state().isRateUsedUp)
        }
    }

    @Test("a rate that was raised, or whose clock went back, holds nobody up for the old one")
    func leftoverRate() async throws {
        try await BudgetFixture.run(ceiling: 50) { fixture in
            for (interval, burst) in [(Int64(1_000_000_000), 3), (200_000, 5)] {
                var limits = RedisBudgetLimits()
                limits.rate = RateLimit(intervalMicroseconds: interval, burst: burst)
                let budget = RedisUpstreamBudget(
                    name: try fixture.name,
                    ceiling: 50,
                    redis: fixture.client,
                    ambient: .live(seed: 1),
                    limits: limits
                )
                #expect(try await !budget.state().isRateUsedUp)
                for _ in 0..<3 {
                    guard case .granted = try await budget.acquire() else {
                        Issue.record("refused within the burst of \(burst)")
                        return
                    }
                }
            }
        }
    }

    @Test("a request that was not made takes nothing from the rate")
    func unusedRate() async throws {
        try await BudgetFixture.run(ceiling: 50) { fixture in
            var limits = RedisBudgetLimits()
            limits.rate = RateLimit(intervalMicroseconds: 1_000_000_000, burst: 1)
            let budget = RedisUpstreamBudget(
                name: try fixture.name,
                ceiling: 50,
                redis: fixture.client,
                ambient: .live(seed: 1),
                limits: limits
            )
            for _ in 0..<3 {
                guard case .granted(let permit) = try await budget.acquire() else {
                    Issue.record("refused")
                    return
                }
                try await budget.release(permit, .unused)
            }
        }
    }

    @Test(
        "rates become intervals, with a second's worth of burst",
        arguments: [
            (10, 1, nil, 100_000, 10), (300, 60, nil, 200_000, 5), (1, 3600, nil, 3_600_000_000, 1),
            (7, 1, 2, 142_858, 2), (5_000_000, 1, nil, 1, 100_000),
        ] as [(Int, Int, Int?, Int64, Int)]
    )
    func intervals(events: Int, seconds: Int, burst: Int?, interval: Int64, expected: Int) {
        let rate = RateLimit(events: events, per: .seconds(seconds), burst: burst)
        #expect(rate == RateLimit(intervalMicroseconds: interval, burst: expected))
    }

    /// Lets requests fail until the breaker opens.
    private func open(_ fixture: BudgetFixture) async throws {
        while try await fixture.state().circuit == .closed {
            try await fixture.release(try await fixture.permit(), .failed())
        }
    }
}
