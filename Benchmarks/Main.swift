import Ambient
import ArgumentParser
import Foundation
import TestSupport

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ringback-bench",
        abstract: "Measure how fast Ringback is on this machine.",
        subcommands: [MeasureCommand.self, DrainCommand.self, ExportOnceCommand.self],
        defaultSubcommand: MeasureCommand.self
    )
}

/// Measures what must stay fast, each as a ratio against a limit of the same run.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Measure the queue against what Redis and SQLite can do on this machine.",
        discussion: """
            Starts a redis-server of its own, without persistence, and a SQLite file in a \
            temporary folder. Every figure is the median of the runs; ours and the limit are \
            measured one after the other, or by turns, in each run.
            """,
        version: Release.version
    )

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Runs of each benchmark, 3 or more.")
    var runs = 5

    @Option(help: "Jobs in one run of the throughput benchmarks.")
    var jobs = 100_000

    @Option(help: "Jobs in one run of the latency benchmark.")
    var samples = 1000

    @Option(help: "Milliseconds of rest before each job and round trip of the latency benchmark.")
    var pause = 2

    @Option(help: "Calls, and recipients, of one run of the attribution benchmark.")
    var calls = 1_000_000

    @Option(help: "Only benchmarks whose name begins with this.")
    var only = ""

    func validate() throws {
        guard runs >= 3 else { throw ValidationError("--runs must be 3 or more.") }
        guard jobs >= 1000 else { throw ValidationError("--jobs must be 1000 or more.") }
        guard calls >= 10_000 else { throw ValidationError("--calls must be 10000 or more.") }
        guard (1...500).contains(pause) else {
            throw ValidationError("--pause must be from 1 to 500.")
        }
        guard samples >= 100 else { throw ValidationError("--samples must be 100 or more.") }
    }

    func run() async throws {
        let server = try await PrivateRedis.start()
        let result: Result<BenchReport, any Error>
        do {
            result = .success(try await measure(BenchStage(server: server, ambient: .live())))
        } catch {
            result = .failure(error)
        }
        await server.kill()
        print(try json ? result.get().json() : result.get().table())
    }

    private func measure(_ stage: BenchStage) async throws -> BenchReport {
        var rows: [BenchRow] = []
        // A benchmark may have several rows, whose names begin with its own.
        func wants(_ name: String) -> Bool {
            name.hasPrefix(only) || only.hasPrefix(name)
        }
        if wants("queue-enqueue") || wants("queue-drain") {
            rows += try await QueueBench(stage: stage, jobs: jobs).rows(runs: runs)
        }
        if wants("queue-ledger") {
            rows += try await LedgerBench(stage: stage, jobs: jobs).rows(runs: runs)
        }
        if wants("queue-index") {
            rows += try await IndexBench(stage: stage, jobs: jobs).rows(runs: runs)
        }
        if wants("queue-latency") {
            rows += try await LatencyBench(
                stage: stage,
                samples: samples,
                pause: .milliseconds(pause)
            ).rows(runs: runs)
        }
        if wants("queue-backlog") || wants("queue-answers") {
            rows += try await BacklogBench(stage: stage).rows(runs: runs)
        }
        if wants("queue-workers") || wants("queue-batch") {
            rows += try await CrowdBench(stage: stage, jobs: jobs).rows(runs: runs)
        }
        if wants("live-p99-beside-backfill") {
            rows += try await BackfillBench(stage: stage, samples: samples).rows(runs: runs)
        }
        if wants("attribution") || wants("attribution-memory") {
            rows += try await AttributionBench(stage: stage, calls: calls).rows(runs: runs)
        }
        if wants("overview-figures-1m") || wants("overview-page-1m")
            || wants("overview-page-budget")
        {
            rows += try await FigureBench(stage: stage).rows(runs: runs)
        }
        if ["search-rare-10k", "search-common-10k", "search-rare-1m", "search-common-1m"]
            .contains(where: wants) || wants("search-budget")
        {
            rows += try await SearchBench(stage: stage).rows(runs: runs)
        }
        if wants("export-calls-1m") || wants("export-memory-1m") {
            rows += try await ExportBench(stage: stage).rows(runs: runs)
        }
        return BenchReport(
            machine: BenchMachine.description,
            rows: rows.filter { $0.name.hasPrefix(only) }
        )
    }
}
