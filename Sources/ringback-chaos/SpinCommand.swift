import Ambient
import ArgumentParser
import Foundation
import JobQueue
import RedisQueue
import TestSupport

/// Handlers take every thread of a worker's pool for longer than a lease.
struct SpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spin",
        abstract: "Handlers compute on every thread for a lease and a half: none is taken back.",
        discussion: "A second worker looks for lost batches meanwhile."
    )

    @OptionGroup var terms: ChaosTerms
    @OptionGroup var options: ReportOptions

    func run() async throws {
        let report = try await ChaosStage.report(terms, ambient: .live()) { stage in
            try await play(stage)
        }
        try report.finish(asJSON: options.json)
    }

    private func play(_ stage: ChaosStage) async throws -> ChaosReport {
        let lease = Duration.seconds(terms.lease)
        // The pool has a thread for each processor; the second half waits for the first.
        let threads = ProcessInfo.processInfo.activeProcessorCount
        let names = (0..<threads * 2).map { "spin-\($0)" }
        let jobs = try names.map { name in
            NewJob(id: try JobID(name), kind: ChaosKind.spin.rawValue, payload: [])
        }
        try await stage.enqueue(jobs, prefix: "spin")
        try await stage.startWorker("spinner", hold: Int(terms.lease * 1500), overNetwork: false)
        try await stage.wait(for: "running jobs", within: .seconds(60)) {
            try await stage.queue.figures().running == jobs.count
        }
        try await stage.startWorker("witness", overNetwork: false)
        try await stage.wait(for: "the end of all jobs", within: lease * 20) {
            try await stage.isOver()
        }
        let figures = try await stage.queue.figures()
        let counts = try stage.effects.counts()
        let lost = names.filter { counts[$0] == nil }
        let doubled = counts.filter { $0.value > 1 }
        let ended = stage.ended()
        var report = ChaosReport(
            "spin: \(names.count) jobs on \(threads) threads, \(lease * 1.5) each"
        )
        report.demand(
            "taken back though its worker lived",
            figures.counters.reaped,
            figures.counters.reaped == 0
        )
        let charged = try stage.effects.charged()
        report.demand("jobs charged with a crash", charged, charged == 0)
        report.demand("dead", figures.dead, figures.dead == 0)
        report.demand("workers that ended", ended.count, ended.isEmpty)
        report.demand("lost", lost.count, lost.isEmpty)
        report.demand("doubled", doubled.count, doubled.isEmpty)
        return report
    }
}
