import Ambient
import JobQueue
import Logging
import Scheduling
import Synchronization
import TestSupport
import Testing

@Suite("Feeder")
struct FeederTests {
    /// A plan in memory; every fourth position has ended before.
    private final class Plan: FeedSource {
        struct State {
            var recorded = 0
            var ended: Set<Int> = []
            var isEnded = false

            /// Jobs that it wants to be looked for, and what was found.
            var overdue: [JobID] = []
            var looks: [FeedLook] = []
        }

        static let count = 100
        let name: FeedName
        let state = Mutex(State())

        init() throws { name = try FeedName("plan") }

        func end(_ positions: some Sequence<Int>) {
            state.withLock { $0.ended.formUnion(positions) }
        }

        func feeds() async throws -> [FeedName] { [name] }

        func progress(of feed: FeedName, cursor: Int?) async throws -> FeedProgress? {
            state.withLock { state in
                let open = (0..<state.recorded).filter { !state.ended.contains($0) }
                return FeedProgress(
                    count: Self.count,
                    recorded: state.recorded,
                    firstOpen: open.first,
                    open: open.count { $0 < cursor ?? 0 },
                    ended: state.ended.count
                )
            }
        }

        func part(of feed: FeedName, from position: Int, jobsMax: Int) async throws -> FeedPart {
            let (end, open) = state.withLock { state in
                var end = position
                var open: [Int] = []
                while end < Self.count, open.count < jobsMax {
                    if end % 4 == 0 { state.ended.insert(end) }
                    if !state.ended.contains(end) { open.append(end) }
                    end += 1
                }
                state.recorded = max(state.recorded, end)
                return (end, open)
            }
            let jobs = try open.map { position in
                NewJob(id: try JobID("plan/\(position)"), kind: "sync", lane: .low, payload: [])
            }
            return FeedPart(end: end, jobs: jobs)
        }

        func overdue(in feed: FeedName, limit: Int) async throws -> [JobID] {
            state.withLock { Array($0.overdue.prefix(limit)) }
        }

        func note(_ looks: [FeedLook], in feed: FeedName) async throws -> [NewJob] {
            state.withLock { $0.looks += looks }
            return []
        }

        func end(_ feed: FeedName) async throws { state.withLock { $0.isEnded = true } }
    }

    private struct Stage {
        let plan: Plan
        let queue: InMemoryQueue
        let feeder: Feeder
        let ambient: Ambient

        init(_ ambient: Ambient = Simulation(seed: 1).ambient()) throws {
            self.ambient = ambient
            plan = try Plan()
            queue = InMemoryQueue(name: try QueueName("sync"), ambient: ambient)
            feeder = Feeder(
                source: plan,
                queue: queue,
                ambient: ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        /// Ids of what waits in the low lane, the next first.
        var waiting: [String] {
            (queue.snapshot.ready[.low] ?? []).compactMap { item in
                guard case .job(let job) = item else { return nil }
                return job.id.text
            }
        }
    }

    @Test("a window is at most half of the slots, but keeps ahead of fast jobs")
    func windows() {
        #expect(FeedWindow.size(slots: 16, feeds: 1, ended: 0) == 8)
        #expect(FeedWindow.size(slots: 16, feeds: 4, ended: 0) == 2)
        #expect(FeedWindow.size(slots: 0, feeds: 1, ended: 0) == 2)
        #expect(FeedWindow.size(slots: 16, feeds: 1, ended: 100) == 200)
        #expect(FeedWindow.size(slots: 16, feeds: 1, ended: 9999) == FeedWindow.sizeMax)
    }

    @Test("hands out what the window holds, and more when something has ended")
    func feeds() async throws {
        let stage = try Stage()
        #expect(try await stage.feeder.round() == 2)
        #expect(stage.waiting == ["plan/1", "plan/2"])
        #expect(try await stage.feeder.round() == 0)
        stage.plan.end([1, 2])
        // Two ended in one round, so four are kept ahead.
        #expect(try await stage.feeder.round() == 4)
        #expect(stage.waiting.suffix(4) == ["plan/3", "plan/5", "plan/6", "plan/7"])
    }

    @Test("begins where the first open one is when the queue has forgotten, and goes back with it")
    func restarts() async throws {
        let stage = try Stage()
        _ = try await stage.feeder.round()
        stage.plan.end([1])
        _ = try await stage.feeder.round()
        let empty = InMemoryQueue(
            name: try QueueName("sync"),
            ambient: Simulation(seed: 2).ambient()
        )
        let other = Feeder(
            source: stage.plan,
            queue: empty,
            ambient: Simulation(seed: 2).ambient(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        #expect(try await other.round() == 2)
        #expect(try await empty.feedCursor(stage.plan.name) == .at(4))
        // A source that knows less than the queue was brought back from an older copy.
        stage.plan.state.withLock { $0.recorded = 2 }
        #expect(try await other.round() == 0)
        #expect(try await empty.feedCursor(stage.plan.name) == .at(2))
    }

    @Test("waits while the low lane is refused, and loses nothing")
    func refused() throws {
        let simulation = Simulation(seed: 3)
        try simulation.run { () async throws in
            let stage = try Stage(simulation.ambient())
            // Two jobs fill it.
            _ = try await stage.queue.pressure(setting: [.softDepth: 2, .hardDepth: 2])
            #expect(try await stage.feeder.round() == 2)
            stage.plan.end([1, 2])
            #expect(try await stage.feeder.round() == 0)
            #expect(try await stage.queue.feedCursor(stage.plan.name) == .at(3))
            _ = try await stage.queue.pressure(setting: [.softDepth: nil, .hardDepth: nil])
            // It was asked to wait, and asks for nothing until then.
            #expect(try await stage.feeder.round() == 0)
            try await stage.ambient.sleep(for: .seconds(5))
            #expect(try await stage.feeder.round() == 4)
            #expect(
                stage.waiting == [1, 2, 3, 5, 6, 7].map { "plan/\($0)" }
            )
        }
    }

    @Test("slows down while the queue is over a soft mark")
    func slows() throws {
        let simulation = Simulation(seed: 4)
        try simulation.run { () async throws in
            let stage = try Stage(simulation.ambient())
            _ = try await stage.queue.pressure(setting: [.softDepth: 1])
            #expect(try await stage.feeder.round() == 2)
            stage.plan.end([1, 2])
            #expect(try await stage.feeder.round() == 6)
            stage.plan.end([3, 5])
            #expect(try await stage.feeder.round() == 0)
            try await stage.ambient.sleep(for: .seconds(5))
            #expect(try await stage.feeder.round() > 0)
        }
    }

    @Test(
        "a job that is not found is gone, but not where its lane is deeper than is looked into",
        arguments: [
            (QueueLimits.jobsPerCallMax, FeedLook.Finding.missing),
            (QueueLimits.jobsPerCallMax + 1, FeedLook.Finding.present),
        ]
    )
    func looksIntoDeepLane(depth: Int, finding: FeedLook.Finding) async throws {
        let stage = try Stage()
        let handedOut = try await stage.feeder.round()
        let others = try (handedOut..<depth).map { number in
            NewJob(id: try JobID("other-\(number)"), kind: "sync", lane: .low, payload: [])
        }
        _ = try await stage.queue.enqueue(others, call: try EnqueueCallID("others"))
        let overdue = try [1, 90, 91, 93].map { try JobID("plan/\($0)") }
        stage.plan.state.withLock { $0.overdue = overdue }
        let calls = Mutex(0)
        stage.queue.setFaults { call in
            if call == .administration { calls.withLock { $0 += 1 } }
            return .none
        }
        #expect(try await stage.feeder.round() == 0)
        let looks = stage.plan.state.withLock { $0.looks }
        #expect(looks.map(\.job) == overdue)
        #expect(looks.map(\.finding) == [.present, finding, finding, finding])
        // The figures of the round, those of the look, and one search for each job.
        #expect(calls.withLock { $0 } == 2 + overdue.count)
    }

    @Test("a closed feed is left alone, and ended where that was forgotten")
    func closed() async throws {
        let stage = try Stage()
        try await stage.queue.closeFeed(stage.plan.name)
        #expect(try await stage.feeder.round() == 0)
        #expect(stage.waiting.isEmpty)
        #expect(stage.plan.state.withLock { $0.isEnded })
    }
}
