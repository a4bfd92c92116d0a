import Ambient
import Foundation
import Synchronization
import TestSupport

/// A fleet under fire: two workers of each kind, two schedulers, a simulator with faults.
final class Chaos: Sendable {
    private let kinds: [String]
    private let fleet: Fleet
    private let redis: PrivateRedis
    private let truth: Truth
    private let probe: StoreProbe
    private let days = 10
    private let calls: Int
    private let random: Mutex<Seeded>
    private let kills = Mutex<[String: Int]>([:])

    private init(
        fleet: Fleet,
        redis: PrivateRedis,
        truth: Truth,
        probe: StoreProbe,
        calls: Int,
        seed: UInt64,
        kinds: [String]
    ) {
        self.fleet = fleet
        self.redis = redis
        self.truth = truth
        self.probe = probe
        self.calls = calls
        self.kinds = kinds
        random = Mutex(Seeded(seed: seed))
    }

    var killsOfRedis: Int { kills.withLock { $0["redis"] ?? 0 } }

    var killsOfWorkers: Int {
        kills.withLock { $0.filter { $0.key.hasPrefix("worker") }.values.reduce(0, +) }
    }

    var report: String {
        let counts = kills.withLock { $0 }.sorted { $0.key < $1.key }
        return "kills: " + counts.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            + "; appendfsync always\n\(fleet.logs)"
    }

    /// Starts Redis, the simulator, the workers and the schedulers, and imports the recipients.
    static func start(
        calls: Int,
        seed: UInt64,
        kinds: [String] = ["sync", "attribution", "conversion"]
    ) async throws -> Chaos {
        let folder = try ScratchFolder()
        let redis = try await PrivateRedis.start(PrivateRedisOptions(appendFsync: .always))
        let simulator = Fleet(folder: folder, environment: [:])
        let recipients = "\(folder.path)/recipients.csv"
        let server = try await simulator.start(
            "simulator",
            "elevenlabs-simulator",
            [
                "--port", "0", "--calls", "\(calls)", "--days", "10", "--seed", "\(seed)",
                "--faults", "flaky", "--recipients", recipients,
            ]
        )
        let line = try await server.line(containing: "listening on ")
        let address = String(line.split(separator: " ").last ?? "")
        let fleet = Fleet(
            folder: folder,
            environment: [
                "REDIS_URL": redis.url,
                "RINGBACK_DB": "\(folder.path)/data/ringback.sqlite",
                "RINGBACK_EXPORTS": "\(folder.path)/data/exports",
                "RINGBACK_SCHEDULES": "\(Executables.checkout)/schedules",
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
                "ELEVENLABS_BASE_URL": address,
                "ELEVENLABS_API_KEY": "simulator",
                "ELEVENLABS_PARALLEL": "8",
            ]
        )
        fleet.adopt("simulator", server)
        let imported = try await fleet.ringback(
            "recipients",
            "import",
            recipients,
            "--create-campaigns"
        )
        guard imported.ending == .exited(0) else { throw ChaosError.command(imported.output) }
        let probe = try StoreProbe(path: "\(folder.path)/data/ringback.sqlite")
        let chaos = Chaos(
            fleet: fleet,
            redis: redis,
            truth: Truth(address: address),
            probe: probe,
            calls: calls,
            seed: seed,
            kinds: kinds
        )
        for victim in chaos.victims { try await chaos.launch(victim) }
        return chaos
    }

    /// Counts effects in a table without a unique constraint, so that a doubled one would show.
    func watchEffects() throws {
        try probe.watchEffects()
    }

    func enqueueSync() async throws {
        let now = Ambient.live().now()
        let from = now.addingTimeInterval(-Double(days + 1) * 86_400)
        let format = Date.ISO8601FormatStyle()
        let result = try await fleet.ringback(
            "enqueue",
            "sync",
            "--from",
            from.formatted(format),
            "--to",
            now.addingTimeInterval(60).formatted(format)
        )
        guard result.ending == .exited(0) else { throw ChaosError.command(result.output) }
    }

    /// Kills a random victim every second or so, and starts it again.
    func rampage(kills count: Int) async throws {
        let ambient = Ambient.live()
        for round in 0..<count {
            let pause = random.withLock { Double.random(in: 0.2...1.6, using: &$0) }
            try await ambient.sleep(for: .seconds(pause))
            // Every eighth victim is Redis; the rest are drawn.
            let victim = round % 8 == 7 ? "redis" : drawVictim()
            kills.withLock { $0[victim, default: 0] += 1 }
            if victim == "redis" {
                await redis.kill()
                try await redis.start()
            } else {
                await fleet.kill(victim)
                try await launch(victim)
            }
        }
    }

    /// Whether every conversation is in the store, credited and judged, and nothing is under way.
    func isFinished() async throws -> Bool {
        guard try probe.calls().count >= calls else { return false }
        guard try await differenceFromTruth().isEmpty else { return false }
        return try await leftovers().isEmpty
    }

    /// How the store differs from the simulator's truth; empty when they agree.
    func differenceFromTruth() async throws -> [String] {
        StoreProbe.difference(truth: try await truth.rows(), calls: try probe.calls())
    }

    /// Effects that happened more than once.
    func doubledEffects() throws -> [String] {
        try probe.doubledEffects()
    }

    /// What is still in the queues, per `queue-protocol`'s meaning of empty; dead jobs count.
    func leftovers() async throws -> [String] {
        var left: [String] = []
        for kind in kinds {
            left += try await QueueProbe(redis: redis).leftovers(ofQueue: kind)
        }
        left += try probe.texts("SELECT 'outbox ' || job_id FROM outbox LIMIT 5")
        return left
    }

    /// Pushes bytes onto a queue's list as a person at a Redis prompt does.
    func push(_ text: String, onto queue: String) async throws {
        let result = try await QueueProbe(redis: redis)
            .cli("LPUSH", "ringback:{\(queue)}:ready:std", text)
        guard result.ending == .exited(0) else { throw ChaosError.command(result.output) }
    }

    /// Batches of a queue that workers hold.
    func runningJobs(of queue: String) async throws -> Int {
        let result = try await QueueProbe(redis: redis).cli("ZCARD", "ringback:{\(queue)}:lease")
        return result.lines.last.flatMap { Int($0) } ?? 0
    }

    func killWorkers(of kind: String) async {
        for victim in victims where victim.hasPrefix("worker-\(kind)") {
            await fleet.kill(victim)
        }
    }

    func relaunchWorkers(of kind: String) async throws {
        for victim in victims where victim.hasPrefix("worker-\(kind)") {
            try await launch(victim)
        }
    }

    func storedCalls() throws -> Int { try probe.count("SELECT count(*) FROM calls") }

    func ledgerRows(like pattern: String) throws -> Int {
        try probe.count("SELECT count(*) FROM ledger WHERE job_id LIKE '\(pattern)'")
    }

    /// What a command of the operator's prints.
    func ringback(_ arguments: String...) async throws -> String {
        try await fleet.ringback(arguments).output
    }

    func end() async {
        await fleet.end()
        await redis.end()
    }

    private var victims: [String] {
        kinds.flatMap { ["worker-\($0).1", "worker-\($0).2"] } + [
            "scheduler.1", "scheduler.2",
        ]
    }

    private func drawVictim() -> String {
        random.withLock { random in
            victims[Int.random(in: 0..<victims.count, using: &random)]
        }
    }

    private func launch(_ victim: String) async throws {
        let executable = victim.split(separator: ".").first.map(String.init) ?? victim
        try await fleet.start(victim, executable)
    }
}

enum ChaosError: Error {
    case command(String)
}
