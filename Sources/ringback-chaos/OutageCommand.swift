import Ambient
import ArgumentParser
import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// Redis is away for longer than a lease, and nobody but Redis is at fault.
struct OutageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outage",
        abstract: "Redis stopped, and full, for three leases under load: nobody is blamed.",
        discussion: """
            Two workers run ordinary jobs while suspects of a worker that was killed before run \
            alone. No crash count may rise and no batch be taken back.
            """
    )

    private static let workers = ["worker-1", "worker-2"]

    @OptionGroup var terms: ChaosTerms
    @OptionGroup var options: ReportOptions

    @Option(help: "How often Redis is stopped.")
    var times = 5

    @Option(help: "Jobs of the load.")
    var jobs = 8000

    func run() async throws {
        let report = try await ChaosStage.report(terms, ambient: .live()) { stage in
            try await play(stage)
        }
        try report.finish(asJSON: options.json)
    }

    private func play(_ stage: ChaosStage) async throws -> ChaosReport {
        let lease = Duration.seconds(terms.lease)
        let away = lease * 3
        try await makeSuspects(stage)
        let load = try (0..<jobs).map { number in
            NewJob(
                id: try JobID("load-\(number)"),
                kind: ChaosKind.work.rawValue,
                payload: Array("40".utf8)
            )
        }
        try await stage.enqueue(load, prefix: "load")
        for name in Self.workers {
            try await stage.startWorker(
                name,
                hold: Int(terms.lease * 3000),
                overNetwork: false
            )
        }
        try await stage.wait(for: "a suspect that runs alone", within: lease * 10) {
            try await runsAlone(stage)
        }
        let before = try await stage.queue.figures().counters
        var loadMet = 0
        var alone = 0
        var taken: [Int] = []
        for _ in 0..<times {
            try await stage.waitForProgress(jobs: 100)
            taken.append(try await stage.queue.figures().counters.reaped - before.reaped)
            alone += try await runsAlone(stage) ? 1 : 0
            loadMet += try await stage.queue.figures().running
            stage.redis.freeze()
            try await stage.ambient.sleep(for: away)
            stage.redis.thaw()
        }
        try await stage.waitForProgress(jobs: 100)
        loadMet += try await stage.queue.figures().running
        taken.append(try await stage.queue.figures().counters.reaped - before.reaped)
        try await setMemory("1", stage)
        try await stage.ambient.sleep(for: away)
        try await setMemory("0", stage)
        try await stage.wait(for: "the end of all jobs", within: lease * 60) {
            try await stage.isOver()
        }
        let after = try await stage.queue.figures()
        let counts = try stage.effects.counts()
        let expected = load.map(\.id.text) + ["hold-0", "hold-1", "hold-2"]
        let lost = expected.filter { counts[$0] == nil }
        let doubled = counts.filter { $0.value > 1 }
        let charged = try stage.effects.charged()
        let ended = stage.ended()
        var report = ChaosReport(
            "outage: Redis stopped \(times) times and full once, for \(away) each"
        )
        report.demand("running jobs met by the outages", loadMet, loadMet > times)
        report.demand("outages that met a suspect running alone", alone, alone > 0)
        report.demand(
            "graces",
            after.counters.graces - before.graces,
            after.counters.graces > before.graces
        )
        report.demand(
            "taken back though its worker lived",
            after.counters.reaped - before.reaped,
            after.counters.reaped == before.reaped
        )
        report.add("  by then, before each outage", taken)
        report.demand("jobs charged with a crash", charged, charged == 0)
        report.demand("dead", after.dead, after.dead == 0)
        report.demand("workers that ended", ended.count, ended.isEmpty)
        report.demand("lost", lost.count, lost.isEmpty)
        report.demand("doubled", doubled.count, doubled.isEmpty)
        return report
    }

    /// Leaves jobs behind that their worker died with, so that they run alone from then on.
    private func makeSuspects(_ stage: ChaosStage) async throws {
        let jobs = try (0..<3).map { number in
            NewJob(id: try JobID("hold-\(number)"), kind: ChaosKind.hold.rawValue, payload: [])
        }
        try await stage.enqueue(jobs, prefix: "hold")
        try await stage.startWorker("first", hold: 3_600_000, overNetwork: false)
        try await stage.wait(for: "running jobs", within: .seconds(60)) {
            try await stage.queue.figures().running == 3
        }
        await stage.kill("first")
        // Its jobs come back once its lease is over and somebody looks.
        try await stage.wait(for: "suspects", within: .seconds(terms.lease * 10)) {
            _ = try await stage.queue.reap(limit: 5)
            return try await stage.queue.figures().suspects == 3
        }
        stage.forget("first")
    }

    private func runsAlone(_ stage: ChaosStage) async throws -> Bool {
        let command = RedisCommand("ZRANGE", stage.queue.keys.leases, "0", "-1")
        guard case .array(let batches) = try await stage.client.send(command) else { return false }
        return batches.contains { batch in
            guard case .bytes(let bytes) = batch else { return false }
            return bytes.starts(with: "s-".utf8)
        }
    }

    private func setMemory(_ bytes: String, _ stage: ChaosStage) async throws {
        _ = try await stage.client.send(RedisCommand("CONFIG", "SET", "maxmemory", bytes))
    }
}
