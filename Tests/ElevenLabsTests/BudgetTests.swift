import ElevenLabs
import JobQueue
import Testing

@Suite struct BudgetTests {
    private static let good = StubAnswer(body: Golden.detail)

    @Test("tells the budget what each attempt met, and tries again")
    func feedback() async throws {
        try await ClientFixture.serve(
            StubAnswer(
                status: 429,
                body: "{\"detail\":{\"status\":\"too_many_concurrent_requests\"}}"
            ),
            StubAnswer(status: 503),
            Self.good
        ) { fixture in
            _ = try await fixture.client.conversation("c")
            #expect(
                fixture.budget.feedback == [
                    .concurrencyLimited(retryAfter: nil), .failed(), .succeeded,
                ]
            )
            // 500 ms and a second, each times 0.5 + the chance of 0.5.
            #expect(rounded(fixture.sleeps) == [500, 1_000])
            #expect(fixture.budget.given == 3)
            #expect(fixture.budget.released.count == 3)
        }
    }

    @Test("a refusal is a healthy answer")
    func refusal() async throws {
        try await ClientFixture.serve(StubAnswer(status: 404)) { fixture in
            await #expect(throws: ElevenLabsError.self) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.budget.feedback == [.succeeded])
        }
    }

    @Test("waits as long as the upstream asks, when that is not too long for a call")
    func waits() async throws {
        try await ClientFixture.serve(
            StubAnswer(status: 429, headers: ["retry-after": "8"]),
            Self.good
        ) { fixture in
            _ = try await fixture.client.conversation("c")
            #expect(rounded(fixture.sleeps) == [8_000])
        }
        try await ClientFixture.serve(
            StubAnswer(status: 503, headers: ["retry-after": "120"]),
            Self.good
        ) { fixture in
            await #expect(
                throws: ElevenLabsError.unavailable(status: 503, retryAfter: .seconds(120))
            ) { try await fixture.client.conversation("c") }
            #expect(fixture.sleeps.isEmpty)
        }
    }

    @Test("waits for a permit in bounded steps, then asks the upstream")
    func permits() async throws {
        let budget = FakeBudget([
            .success(.wait(.milliseconds(100))), .success(.wait(.seconds(20))),
            .success(.wait(.zero)),
        ])
        try await ClientFixture.serve(Self.good, budget: budget) { fixture in
            _ = try await fixture.client.conversation("c")
            #expect(rounded(fixture.sleeps) == [100, 5_000, 1])
            #expect(fixture.stub.questions.count == 1)
        }
    }

    @Test("asks nothing of the upstream while the budget says to stay away")
    func busy() async throws {
        let long = FakeBudget([.success(.wait(.seconds(61)))])
        try await ClientFixture.serve(Self.good, budget: long) { fixture in
            await #expect(throws: ElevenLabsError.busy(retryAfter: .seconds(61))) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.stub.questions.isEmpty)
            #expect(fixture.sleeps.isEmpty)
        }
        let endless = FakeBudget(Array(repeating: .success(.wait(.seconds(5))), count: 100))
        try await ClientFixture.serve(Self.good, budget: endless) { fixture in
            await #expect(throws: ElevenLabsError.busy(retryAfter: .seconds(5))) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.stub.questions.isEmpty)
            let waited = fixture.sleeps.reduce(.zero, +)
            #expect(waited <= ElevenLabsLimits.permitWaitMax)
        }
    }

    @Test("waits out a breaker that is open for a moment, and leaves a longer rest to the job")
    func openBreaker() async throws {
        let short = FakeBudget([.success(.open(.seconds(1))), .success(.open(.milliseconds(500)))])
        try await ClientFixture.serve(Self.good, budget: short) { fixture in
            _ = try await fixture.client.conversation("c")
            #expect(rounded(fixture.sleeps) == [1_000, 500])
        }
        let long = FakeBudget([.success(.open(.seconds(1))), .success(.open(.seconds(3)))])
        try await ClientFixture.serve(Self.good, budget: long) { fixture in
            await #expect(throws: ElevenLabsError.resting(retryAfter: .seconds(3))) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.stub.questions.isEmpty)
        }
    }

    @Test("a failure that opens the breaker is the upstream's, not the job's")
    func openingFailure() async throws {
        let budget = FakeBudget(rests: [.seconds(40)])
        try await ClientFixture.serve(StubAnswer(status: 503), budget: budget) { fixture in
            await #expect(throws: ElevenLabsError.resting(retryAfter: .seconds(40))) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.budget.feedback == [.failed()])
        }
        // A refusal is an answer, whatever the breaker does.
        let refused = FakeBudget(rests: [.seconds(40)])
        try await ClientFixture.serve(StubAnswer(status: 404), budget: refused) { fixture in
            await #expect(throws: ElevenLabsError.notFound(UpstreamAnswer(status: 404))) {
                try await fixture.client.conversation("c")
            }
        }
    }

    @Test("a budget that cannot be asked stops the call; one that cannot be told does not")
    func brokenBudget() async throws {
        let away = QueueError.unavailable(reason: "away")
        try await ClientFixture.serve(Self.good, budget: FakeBudget([.failure(away)])) { fixture in
            await #expect(throws: ElevenLabsError.budget(away)) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.stub.questions.isEmpty)
        }
        try await ClientFixture.serve(Self.good, budget: FakeBudget(releaseError: away)) {
            fixture in
            let fetched = try await fixture.client.conversation("c")
            #expect(fetched.raw == Array(Golden.detail.utf8))
        }
    }

    /// Whole milliseconds: the clock runs on between the plan and the sleep.
    private func rounded(_ durations: [Duration]) -> [Int64] {
        durations.map { duration in
            let (seconds, attoseconds) = duration.components
            let milliseconds = Double(seconds) * 1_000 + Double(attoseconds) / 1e15
            return Int64(milliseconds.rounded())
        }
    }
}
