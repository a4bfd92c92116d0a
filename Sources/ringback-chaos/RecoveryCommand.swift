import Ambient
import ArgumentParser
import Foundation
import JobQueue
import RedisQueue
import TestSupport

/// How long work stands still when its worker is gone.
struct RecoveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "Measure how soon another worker starts what a dead or stopped one had.",
        discussion: """
            A worker with 100 jobs in flight is killed, or asked to end, while a second one is \
            under load. With the product's lease of 30 s at most 35 s may pass after a kill, and \
            under 1 s after an orderly stop.
            """
    )

    private static let inFlight = 100

    @OptionGroup var terms: ChaosTerms
    @OptionGroup var options: ReportOptions

    @Option(help: "Runs of each.")
    var runs = 3

    func run() async throws {
        var kills: [Double] = []
        var stops: [Double] = []
        for _ in 0..<runs {
            kills.append(
                try await ChaosStage.with(terms, ambient: .live()) {
                    try await measure($0, isKill: true)
                }
            )
            stops.append(
                try await ChaosStage.with(terms, ambient: .live()) {
                    try await measure($0, isKill: false)
                }
            )
        }
        var report = ChaosReport(
            "recovery: 100 jobs in flight, a second worker under load, lease \(terms.lease) s"
        )
        let killMax = kills.max() ?? .infinity
        let stopMax = stops.max() ?? .infinity
        let killLimit = terms.lease + 5
        report.add("seconds after each kill", Self.text(kills))
        report.demand("longest", Self.text([killMax]), killMax <= killLimit)
        report.add("seconds after each orderly stop", Self.text(stops))
        report.demand("longest of these", Self.text([stopMax]), stopMax < 1)
        try report.finish(asJSON: options.json)
    }

    /// Seconds from the end of a worker to the first start of one of its jobs elsewhere.
    private func measure(_ stage: ChaosStage, isKill: Bool) async throws -> Double {
        // Quick jobs first: only a worker that expects such fetches more than it has slots.
        let quick = try (0..<500).map { number in
            NewJob(
                id: try JobID("quick-\(number)"),
                kind: ChaosKind.work.rawValue,
                payload: Array("1".utf8)
            )
        }
        try await stage.enqueue(quick, prefix: "quick")
        try await stage.startWorker("first", hold: 3_600_000, overNetwork: false)
        try await stage.wait(for: "the quick jobs", within: .seconds(60)) {
            try await stage.queue.figures().counters.succeeded == quick.count
        }
        let held = try (0..<Self.inFlight).map { number in
            NewJob(id: try JobID("hold-\(number)"), kind: ChaosKind.hold.rawValue, payload: [])
        }
        try await stage.enqueue(held, prefix: "hold")
        try await stage.wait(for: "the jobs in flight", within: .seconds(60)) {
            try await stage.queue.figures().running == Self.inFlight
        }
        let load = try (0..<50_000).map { number in
            NewJob(
                id: try JobID("load-\(number)"),
                kind: ChaosKind.work.rawValue,
                payload: Array("20".utf8)
            )
        }
        try await stage.enqueue(load, prefix: "load")
        try await stage.startWorker("second", overNetwork: false)
        try await stage.wait(for: "the load", within: .seconds(60)) {
            try await stage.queue.figures().counters.succeeded > 200
        }
        guard let first = stage.process("first"), let second = stage.process("second") else {
            throw ChaosFailure.oddReply
        }
        let start = stage.ambient.elapsed()
        if isKill { await stage.kill("first") } else { first.signal(SIGTERM) }
        _ = try await second.line(containing: "start hold-")
        return (stage.ambient.elapsed() - start) / .seconds(1)
    }

    private static func text(_ seconds: [Double]) -> String {
        seconds.map { String(format: "%.2f", $0) }.joined(separator: ", ")
    }
}
