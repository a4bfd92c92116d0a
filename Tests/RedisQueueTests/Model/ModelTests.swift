import Foundation
import JobQueue
import NIOCore
import RedisClient
import RedisQueue
import Synchronization
import TestSupport
import Testing

/// The real scripts on a real Redis against the reference model.
///
/// Redis runs without persistence (`appendonly no`, no snapshots): nothing here kills it, so
/// `appendfsync` has no say. The scripts are the shipped ones but for their clock, which the test
/// moves. `RINGBACK_MODEL_SEQUENCES` sets the number of sequences, `RINGBACK_MODEL_SEED` the first
/// seed.
@Suite("Model", .serialized)
struct ModelTests {
    @Test("every random sequence leaves Redis and the model in the same state")
    func sequences() async throws {
        let count = UInt64(Self.setting("RINGBACK_MODEL_SEQUENCES") ?? Self.usualCount)
        let first = UInt64(Self.setting("RINGBACK_MODEL_SEED") ?? 1)
        let problems = try await Self.problems(seeds: first..<first + count, stopAtFirst: false) {
            ModelWorlds.scripts()
        }
        for problem in problems.prefix(3) {
            Issue.record(
                """
                replay: RINGBACK_MODEL_SEED=\(problem.seed) RINGBACK_MODEL_SEQUENCES=1 \
                swift test --filter ModelTests.sequences
                \(problem.text)
                """
            )
        }
    }

    @Test("a planted defect is found", arguments: Mutation.all)
    func mutation(_ mutation: Mutation) async throws {
        let isPlanted = Mutex(false)
        let problems = try await Self.problems(seeds: 1..<1001, stopAtFirst: true) {
            ModelWorlds.scripts { name, source in
                guard name == mutation.script, source.contains(mutation.original) else {
                    return source
                }
                isPlanted.withLock { $0 = true }
                return source.replacingOccurrences(
                    of: mutation.original,
                    with: mutation.replacement
                )
            }
        }
        #expect(isPlanted.withLock { $0 }, "the text to change is not in the script")
        #expect(!problems.isEmpty, "no sequence noticed: \(mutation.name)")
    }

    struct Problem: Sendable {
        var seed: UInt64
        var text: String
    }

    /// Runs the seeds on two servers at once and gathers what went wrong.
    static func problems(
        seeds: Range<UInt64>,
        stopAtFirst: Bool,
        scripts: () -> QueueScripts
    ) async throws -> [Problem] {
        let scripts = scripts()
        let work = ModelWork(seeds: seeds, stopsAtFirst: stopAtFirst)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<2 {
                group.addTask {
                    let server = try await ModelServers.shared.server(index)
                    try await withRedisClient(server) { client in
                        let run = try await ModelRun(client: client, scripts: scripts)
                        while let seed = work.take() {
                            if let text = try await run.sequence(seed: seed) {
                                work.note(Problem(seed: seed, text: text))
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return work.problems
    }

    /// All of them in `make test`; a taste of them in the quick, unoptimised `make check`.
    private static var usualCount: Int {
        ProcessInfo.processInfo.environment["RINGBACK_TEST_SCALE"] == "quick" ? 40 : 2000
    }

    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }
}

/// The seeds that are still to be run, and what was found.
private final class ModelWork: Sendable {
    private struct State {
        var seeds: Range<UInt64>
        var problems: [ModelTests.Problem] = []
    }

    private let state: Mutex<State>
    private let stopsAtFirst: Bool

    init(seeds: Range<UInt64>, stopsAtFirst: Bool) {
        state = Mutex(State(seeds: seeds))
        self.stopsAtFirst = stopsAtFirst
    }

    /// The next seed; nil when there is no more to do.
    func take() -> UInt64? {
        state.withLock { state in
            guard let seed = state.seeds.first, !stopsAtFirst || state.problems.isEmpty else {
                return nil
            }
            state.seeds = state.seeds.dropFirst()
            return seed
        }
    }

    func note(_ problem: ModelTests.Problem) {
        state.withLock { $0.problems.append(problem) }
    }

    var problems: [ModelTests.Problem] {
        state.withLock { $0.problems.sorted { $0.seed < $1.seed } }
    }
}

/// The two servers that the model tests have for themselves, started once.
private actor ModelServers {
    static let shared = ModelServers()

    private var servers: [Int: PrivateRedis] = [:]

    func server(_ index: Int) async throws -> PrivateRedis {
        if let server = servers[index] { return server }
        let server = try await PrivateRedis.start()
        // Two tasks ask for different servers, so none is started twice.
        servers[index] = server
        return server
    }
}
