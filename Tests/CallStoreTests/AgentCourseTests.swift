import CallStore
import TestSupport
import Testing

@Suite("How agents' calls went")
struct AgentCourseTests {
    /// A call of a version with so many interruptions, and times to answer.
    static func call(
        _ id: Int,
        agent: String = "agent_1",
        version: String? = nil,
        interruptions: Int = 0,
        responses: [Int]? = nil,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) -> CallRecord {
        var record = CallRecord.sample("conv_\(id)")
        record.agentID = agent
        record.versionID = version
        record.terminationReason = "Call ended by remote party"
        record.responseMilliseconds = responses
        record.transcript = [Turn].sample.map { turn in
            var turn = turn
            // The caller's own turns are cut short by nobody.
            turn.wasInterrupted = turn.speaker == .caller
            return turn
        }
        for number in 0..<interruptions {
            record.transcript?.append(
                Turn(
                    speaker: .agent,
                    message: "As I was...",
                    secondsIn: 10 + number,
                    wasInterrupted: true
                )
            )
        }
        change(&record)
        return record
    }

    @Test("versions stand apart, and their parts add up to the agent's")
    func versions() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(
            Self.call(1, version: "v1", interruptions: 2, responses: [500, 900])
        )
        try await fixture.record(
            Self.call(2, version: "v1", responses: [700]) { $0.callSuccessful = "failure" }
        )
        try await fixture.record(
            Self.call(3, version: "v2", responses: [1_500]) {
                $0.terminationReason = "Client disconnected: 1006"
            }
        )
        try await fixture.record(Self.call(4, agent: "agent_2") { $0.transcript = nil })
        let courses = try await fixture.store.agentCourses(FigureScope())
        #expect(courses.map(\.agentID) == ["agent_1", "agent_1", "agent_2"])
        #expect(courses.map(\.versionID) == ["v1", "v2", nil])
        #expect(courses.map(\.figures.calls) == [2, 1, 1])
        #expect(courses.map(\.figures.success) == [1, 1, 1])
        #expect(courses.map(\.interruptions) == [2, 0, 0])
        #expect(courses.map(\.interrupted) == [1, 0, 0])
        #expect(courses.map(\.heard) == [2, 1, 0])
        #expect(courses.map(\.interruptionsPerCall) == [1, 0, nil])
        #expect(courses.map { $0.responses.percentile(0.5) } == [700, 1_500, nil])
        #expect(courses.map { $0.responses.percentile(0.95) } == [900, 1_500, nil])
        #expect(courses[0].endings == [.callerHungUp: 2])
        #expect(courses[1].endings == [.clientLeft: 1])
        let whole = courses[0] + courses[1]
        #expect(whole.responses.total == 4)
        #expect(whole.endings == [.callerHungUp: 2, .clientLeft: 1])
        // The sums by day say the same.
        let report = try await fixture.store.figureReport(FigureScope())
        let sums = report.agents.first { $0.key == "agent_1" }?.figures
        #expect(whole.figures == sums)
    }

    @Test("a call that is excluded, or of another scope, is left out")
    func scope() async throws {
        let fixture = try await StoreFixture()
        let first = try await fixture.record(Self.call(1, responses: [400])).call
        try await fixture.record(Self.call(2, responses: [800]))
        try await fixture.record(Self.call(3, agent: "agent_2", responses: [900]))
        _ = try await fixture.store.write {
            try $0.exclude(first, for: .test, by: "ana")
        }
        var scope = FigureScope()
        scope.agentID = "agent_1"
        let courses = try await fixture.store.agentCourses(scope)
        #expect(courses.map(\.responses.total) == [1])
        #expect(courses.first?.responses.percentile(0.5) == 800)
        scope.to = LocalDay("2020-01-01")
        #expect(try await fixture.store.agentCourses(scope).isEmpty)
    }

    @Test("of more calls than are read the newest are, and it is said")
    func newest() async throws {
        let fixture = try await StoreFixture()
        let most = 20
        let records = (0..<most + 5).map { index in
            Self.call(index, responses: [index < 5 ? 9_000 : 100]) {
                $0.startedUnix = 1_794_700_000 + Int64(index < 5 ? -5 : 0) * 86_400
            }
        }
        try await fixture.store.write { writer in
            for record in records { _ = try writer.record(record) }
        }
        let courses = try await fixture.store.agentCourses(FigureScope(), callsMax: most)
        #expect(courses.map(\.isPartial) == [true])
        #expect(courses.map(\.figures.calls) == [most])
        #expect(courses.first?.responses.percentile(1) == 100)
        #expect(try await fixture.store.agentCourses(FigureScope()).map(\.isPartial) == [false])
    }

    @Test("an agent with few calls is read whole, and leaves its share to those with many")
    func shared() async throws {
        let fixture = try await StoreFixture()
        let agents = ["agent_1", "agent_1", "agent_2", "agent_3", "agent_2", "agent_1", "agent_1"]
        for (index, agent) in agents.enumerated() {
            try await fixture.record(Self.call(index, agent: agent))
        }
        let courses = try await fixture.store.agentCourses(FigureScope(), callsMax: 6)
        #expect(courses.map(\.agentID) == ["agent_1", "agent_2", "agent_3"])
        #expect(courses.map(\.figures.conversations) == [3, 2, 1])
        #expect(courses.map(\.isPartial) == [true, false, false])
    }

    @Test(
        "shares come to no more than the limit, however many agents there are",
        arguments: [
            ([], 10, []), ([3, 100, 3], 50, [3, 44, 3]), ([100, 100], 50, [25, 25]),
            ([100, 100, 100], 50, [16, 17, 17]), ([9, 9, 9, 9], 3, [0, 1, 1, 1]), ([5], 50, [5]),
        ] as [([Int], Int, [Int])]
    )
    func shares(calls: [Int], most: Int, shares: [Int]) {
        #expect(AgentCourseLimits.shares(of: calls, most: most) == shares)
    }

    @Test("percentiles by nearest rank are those of the sorted answers", arguments: UInt64(1)...40)
    func percentiles(seed: UInt64) {
        var random = Seeded(seed: seed)
        let times = (0..<Int.random(in: 1...60, using: &random)).map { _ in
            Int.random(in: 0...30, using: &random)
        }
        var responses = ResponseTimes()
        for time in times { responses.add(time) }
        let sorted = times.sorted()
        for share in [0.01, 0.5, 0.95, 1] {
            let rank = max(1, Int((Double(sorted.count) * share).rounded(.up)))
            #expect(responses.percentile(share) == sorted[rank - 1], "seed \(seed), \(share)")
        }
    }

    @Test(
        "ends are told by the upstream's texts",
        arguments: [
            ("Call ended by remote party", CallEnding.callerHungUp),
            ("end_call tool was called.", .agentEnded),
            ("voicemail_detection tool was called.", .voicemail),
            ("Client disconnected: 1005", .clientLeft), ("Max duration limit reached", .longest),
            ("Max inactive time reached", .silent), ("", .unsaid), ("Quota exceeded", .other),
        ]
    )
    func endings(text: String, ending: CallEnding) {
        #expect(CallEnding(text) == ending)
        #expect(CallEnding(nil) == .unsaid)
    }

    @Test("what a later reading does not tell stays, and it is no news to hear it again")
    func keeps() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(Self.call(1, interruptions: 1, responses: [600]))
        #expect(
            try await fixture.record(Self.call(1, interruptions: 1, responses: [600])).change
                == .unchanged
        )
        try await fixture.record(
            Self.call(1) {
                $0.transcript = []
                $0.transcriptDeletedUnix = 1_794_700_300
                $0.fetchedAtMilliseconds += 1
            }
        )
        let courses = try await fixture.store.agentCourses(FigureScope())
        #expect(courses.map(\.interruptions) == [1])
        #expect(courses.map(\.responses.total) == [1])
    }
}
