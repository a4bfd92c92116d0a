import Ambient
import ArgumentParser
import Foundation
import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// Kills, cuts and stops for minutes on end, and then counts.
struct StormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Break everything, every few seconds, and count what was lost or doubled."
    )

    @OptionGroup var terms: ChaosTerms
    @OptionGroup var options: ReportOptions

    @Option(help: "Minutes of faults.")
    var minutes = 30.0

    @Option(help: "Jobs.")
    var jobs = 200_000

    @Option(help: "Everything that is drawn follows from this.")
    var seed: UInt64 = 1

    @Option(help: "When Redis' file reaches the disk: always, everysec or no.")
    var fsync = "always"

    @Option(help: "Mean seconds between two faults.")
    var pace = 2.5

    @Option(help: "Worker processes.")
    var workers = 4

    @Option(help: "Minutes that the fleet has to finish after the last fault.")
    var calm = 20.0

    func validate() throws {
        guard PrivateRedisOptions.AppendFsync(rawValue: fsync) != nil else {
            throw ValidationError("--fsync must be always, everysec or no.")
        }
        guard minutes > 0, pace > 0, calm > 0, jobs >= 100, (1...100).contains(workers) else {
            throw ValidationError("Times are positive, and there are jobs and workers.")
        }
    }

    func run() async throws {
        let flush = PrivateRedisOptions.AppendFsync(rawValue: fsync) ?? .always
        let report = try await ChaosStage.report(terms, fsync: flush, ambient: .live()) { stage in
            let storm = Storm(stage: stage, terms: self)
            try await storm.begin()
            try await storm.rage()
            try await storm.calmDown()
            return try await StormVerdict(stage: stage, terms: self, storm: storm).report()
        }
        try report.finish(asJSON: options.json)
    }
}

/// Everything that the storm does.
enum StormFault: String, CaseIterable, Sendable {
    case killWorker = "workers killed"
    case killProducer = "schedulers killed"
    case killRedis = "Redis killed"
    case cut = "networks cut"
    case halfClose = "networks half-closed"
    case loseReply = "replies to be lost"
    case breakReply = "replies to be broken off"
    case delay = "networks slowed"
    case stall = "networks stalled"
    case refuse = "connections refused for a while"
    case flushScripts = "SCRIPT FLUSH"
    case killClients = "CLIENT KILL"
    case stopWorker = "workers stopped past their lease"
    case stopRedis = "Redis stopped past the grace"
    case fillRedis = "Redis full for a while"

    /// How often it is drawn, beside the others.
    var weight: Int {
        switch self {
        case .killWorker: 30
        case .killProducer, .cut: 10
        case .loseReply: 14
        case .killRedis: 8
        case .halfClose, .breakReply, .flushScripts: 6
        case .killClients: 5
        case .delay, .stopWorker: 4
        case .stall: 3
        case .refuse: 2
        case .stopRedis, .fillRedis: 1
        }
    }
}

/// The faults of one run, and the fleet that suffers them.
actor Storm {
    private let stage: ChaosStage
    private let terms: StormCommand
    private var random: Seeded
    private var began = Duration.zero
    private var beginUnix = 0.0

    /// When the passing faults of the network end.
    private var networkClears = Duration.zero

    private(set) var injected: [StormFault: Int] = [:]

    /// Processes that ended otherwise than by the storm, and were started anew.
    private(set) var ownEnds = 0

    /// When Redis was killed, Unix milliseconds.
    private(set) var redisDeaths: [Int64] = []

    /// Dead jobs that were put back: killed alone three times by the storm.
    private(set) var revived = 0

    init(stage: ChaosStage, terms: StormCommand) {
        self.stage = stage
        self.terms = terms
        random = Seeded(seed: terms.seed)
    }

    private var length: Duration { .seconds(terms.minutes * 60) }

    func begin() async throws {
        for key in 0..<ChaosPlan.limitKeys {
            try await stage.queue.setLimit(
                try LimitKey("agent:\(key)"),
                LimitSettings(concurrency: 4)
            )
        }
        beginUnix = stage.ambient.now().timeIntervalSince1970
        began = stage.ambient.elapsed()
        for number in 0..<terms.workers { try await stage.startWorker(Self.worker(number)) }
        try await startProducer()
    }

    /// Draws faults until the time is over; each kind comes at least once.
    func rage() async throws {
        let end = began + length
        var first = StormFault.allCases.shuffled(using: &random)
        while stage.ambient.elapsed() < end {
            let pause = terms.pace * Double.random(in: 0.2...1.8, using: &random)
            try await rest(.seconds(pause))
            let fault = first.popLast() ?? draw()
            try await inject(fault)
            injected[fault, default: 0] += 1
        }
    }

    /// Ends all faults and waits until everything is done.
    func calmDown() async throws {
        stage.network.forgetPlans()
        clearNetwork()
        stage.wake(at: .seconds(Int64.max / 4))
        let limit = Duration.seconds(terms.calm * 60)
        try await stage.wait(for: "the end of all jobs", within: limit, every: .seconds(1)) {
            try await isOver()
        }
        await stage.kill("producer")
        for number in 0..<terms.workers { await stage.kill(Self.worker(number)) }
    }

    private func isOver() async throws -> Bool {
        try await restart()
        guard let figures = try await stage.figures() else { return false }
        if figures.dead > 0 {
            // They died because the storm killed their process three times; that is explained.
            let dead = try await stage.dead().filter { $0.value == "crashed worker" }
            for id in dead.keys {
                let answers = try await stage.queue.retryDead([id])
                revived += answers == [.queued] ? 1 : 0
            }
        }
        guard try await stage.isOver() else { return false }
        guard try ChaosProgress(folder: stage.folder).next() >= terms.jobs else { return false }
        return try stage.effects.outboxRows() == 0
    }

    // MARK: - Faults

    private func inject(_ fault: StormFault) async throws {
        let lease = terms.terms.lease
        switch fault {
        case .killWorker:
            let name = Self.worker(Int.random(in: 0..<terms.workers, using: &random))
            await stage.kill(name)
            try await stage.startWorker(name)
        case .killProducer:
            await stage.kill("producer")
            try await startProducer()
        case .killRedis:
            redisDeaths.append(Int64(stage.ambient.now().timeIntervalSince1970 * 1000))
            await stage.redis.kill()
            try await stage.redis.start()
        case .cut:
            stage.network.cut()
        case .halfClose:
            stage.network.halfClose()
        case .loseReply:
            stage.network.plan(.isLost, ofCommandWith: drawScript(), passing: drawPassing())
        case .breakReply:
            let bytes = Int.random(in: 0...600, using: &random)
            stage.network.plan(
                .breaksOff(afterBytes: bytes),
                ofCommandWith: drawScript(),
                passing: drawPassing()
            )
        case .delay:
            stage.network.delay(
                by: .seconds(Double.random(in: 0.01...0.05, using: &random) * lease)
            )
            passes(after: lease / 10)
        case .stall:
            stage.network.stall()
            passes(after: Double.random(in: 0.05...0.3, using: &random) * lease)
        case .refuse:
            stage.network.refuse(true)
            passes(after: Double.random(in: 0.05...0.2, using: &random) * lease)
        case .flushScripts:
            try await tell("SCRIPT", "FLUSH")
        case .killClients:
            try await tell("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case .stopWorker:
            let names = stage.running("worker")
            guard names.count > 1, let name = names.randomElement(using: &random) else { return }
            let time = lease * Double.random(in: 1.1...1.5, using: &random)
            stage.stop(name, until: stage.ambient.elapsed() + .seconds(time))
        case .stopRedis:
            stage.redis.freeze()
            try await rest(.seconds(max(1, lease / 3) * 1.2))
            stage.redis.thaw()
        case .fillRedis:
            try await tell("CONFIG", "SET", "maxmemory", "1")
            try await rest(.seconds(lease / 5))
            try await tell("CONFIG", "SET", "maxmemory", "0")
        }
    }

    private func draw() -> StormFault {
        var drawn = Int.random(
            in: 0..<StormFault.allCases.map(\.weight).reduce(0, +),
            using: &random
        )
        for fault in StormFault.allCases {
            drawn -= fault.weight
            if drawn < 0 { return fault }
        }
        return .killWorker
    }

    /// Any command, or any script: these are what counts.
    private func drawScript() -> String {
        Int.random(in: 0..<5, using: &random) == 0 ? "" : "EVALSHA"
    }

    private func drawPassing() -> Int { Int.random(in: 0...20, using: &random) }

    /// Sleeps, and meanwhile lets pass what is to pass, and starts anew who has ended.
    private func rest(_ time: Duration) async throws {
        let end = stage.ambient.elapsed() + time
        repeat {
            let now = stage.ambient.elapsed()
            stage.wake(at: now)
            if networkClears > .zero, networkClears <= now { clearNetwork() }
            try await restart()
            let left = end - stage.ambient.elapsed()
            if left > .zero { try await stage.ambient.sleep(for: min(left, .milliseconds(100))) }
        } while stage.ambient.elapsed() < end
    }

    private func passes(after seconds: Double) {
        networkClears = stage.ambient.elapsed() + .seconds(seconds)
    }

    private func clearNetwork() {
        networkClears = .zero
        stage.network.delay(by: .zero)
        stage.network.refuse(false)
        stage.network.resume()
    }

    /// Says something to Redis from beside the network, until it is heard.
    private func tell(_ words: String...) async throws {
        try await stage.tell(words)
    }

    // MARK: - The fleet

    private static func worker(_ number: Int) -> String { "worker-\(number)" }

    private func restart() async throws {
        for name in stage.ended() {
            ownEnds += 1
            if name == "producer" {
                try await startProducer()
            } else {
                try await stage.startWorker(name)
            }
        }
    }

    private func startProducer() async throws {
        // The last jobs are entered while there are faults still.
        let end = beginUnix + terms.minutes * 60 * 0.9
        try await stage.startProducer(
            "producer",
            arguments: [
                "--jobs", "\(terms.jobs)", "--seed", "\(terms.seed)", "--begin", "\(beginUnix)",
                "--end", "\(end)",
            ]
        )
    }
}
