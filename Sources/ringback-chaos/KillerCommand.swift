import Ambient
import ArgumentParser
import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// One job that kills its process, among many that do nothing wrong.
struct KillerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "killer",
        abstract: "A killer job among innocent ones: only it may be charged and die.",
        discussion: """
            --batch 100 fetches a hundred jobs at once; --batch 1 runs 16 batches of one job each \
            in the same process.
            """
    )

    @OptionGroup var terms: ChaosTerms
    @OptionGroup var options: ReportOptions

    @Option(help: "Innocent jobs.")
    var jobs = 10_000

    @Option(help: "Where the killer stands among them is drawn from this.")
    var seed: UInt64 = 1

    @Option(help: "Seconds until the run is given up.")
    var patience = 300

    func run() async throws {
        let ambient = Ambient.live()
        let report = try await ChaosStage.report(terms, ambient: ambient) { stage in
            try await play(stage)
        }
        try report.finish(asJSON: options.json)
    }

    private func play(_ stage: ChaosStage) async throws -> ChaosReport {
        var random = Seeded(seed: seed)
        let place = Int.random(in: 0...jobs, using: &random)
        var all = try (0..<jobs).map { number in
            NewJob(
                id: try JobID("innocent-\(number)"),
                kind: ChaosKind.work.rawValue,
                payload: Array("2".utf8)
            )
        }
        let killer = NewJob(
            id: try JobID("killer"),
            kind: ChaosKind.killer.rawValue,
            payload: []
        )
        all.insert(killer, at: place)
        try await stage.enqueue(all, prefix: "all")
        try await stage.startWorker("worker", overNetwork: false)
        var deaths = 0
        try await stage.wait(for: "the end of all jobs", within: .seconds(patience)) {
            if !stage.ended().isEmpty {
                deaths += 1
                try await stage.startWorker("worker", overNetwork: false)
            }
            return try await stage.isOver()
        }
        let dead = try await stage.dead()
        let counts = try stage.effects.counts()
        let lost = (0..<jobs).filter { counts["innocent-\($0)"] == nil }
        let doubled = counts.filter { $0.value > 1 }.keys.sorted()
        var report = ChaosReport(
            "killer: \(jobs) innocent jobs, batches of at most \(terms.batch), seed \(seed)"
        )
        report.demand("deaths of the worker", deaths, deaths >= 3)
        report.demand("dead", dead.keys.map(\.text).sorted(), dead.keys.map(\.text) == ["killer"])
        report.add("reason", dead.values.first ?? "none")
        report.demand(
            "innocent jobs charged with a crash",
            try stage.effects.charged(),
            try stage.effects.charged() == 0
        )
        report.demand("lost", lost.count, lost.isEmpty)
        report.demand("doubled", doubled.count, doubled.isEmpty)
        report.add("redelivered", try await stage.queue.figures().counters.reaped)
        return report
    }
}
