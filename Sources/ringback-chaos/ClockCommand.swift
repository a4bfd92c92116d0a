import Ambient
import ArgumentParser
import Foundation
import JobQueue
import RedisQueue
import TestSupport

/// Redis's clock, the only one that counts between processes, is wrong by an hour.
struct ClockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock",
        abstract: "Redis's clock steps by an hour, forward and back, under load: nobody is blamed.",
        discussion: """
            Also while everybody is stopped, and right before a worker is killed: its jobs come \
            back within its lease, not an hour later.
            """
    )

    private static let hour = Duration.seconds(3600)
    private static let workers = ["worker-1", "worker-2"]

    @OptionGroup var terms: ChaosTerms
    @OptionGroup var options: ReportOptions

    @Option(help: "Jobs of the load, of 100 ms each.")
    var jobs = 12_000

    private var lease: Duration { .seconds(terms.lease) }

    func run() async throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(fileURLWithPath: program).deletingLastPathComponent().path
        let clock = try ClockShift(programs: folder)
        let report = try await ChaosStage.report(terms, clock: clock, ambient: .live()) { stage in
            try await play(stage, clock)
        }
        try report.finish(asJSON: options.json)
    }

    private func play(_ stage: ChaosStage, _ clock: ClockShift) async throws -> ChaosReport {
        let load = try (0..<jobs).map { number in
            NewJob(
                id: try JobID("load-\(number)"),
                kind: ChaosKind.work.rawValue,
                payload: Array("100".utf8)
            )
        }
        try await stage.enqueue(load, prefix: "load")
        for name in Self.workers { try await stage.startWorker(name, overNetwork: false) }
        try await stage.waitForProgress(jobs: 100)
        let before = try await stage.queue.figures().counters
        var loadMet = 0
        for shift in [Self.hour, .zero, Self.hour * -1, .zero] {
            loadMet += try await stage.queue.figures().running
            try clock.set(shift)
            // Twice: whatever comes of the step comes within a lease.
            for _ in 0..<2 {
                try await stage.ambient.sleep(for: lease)
                try await stage.waitForProgress(jobs: 100)
            }
        }
        try await stopEverybody(stage, clock)
        try await stage.waitForProgress(jobs: 100)
        let reaped = try await stage.queue.figures().counters.reaped - before.reaped

        try clock.set(.zero)
        await stage.kill(Self.workers[1])
        let killed = stage.ambient.elapsed()
        try await stage.wait(for: "the dead worker's jobs", within: lease * 10) {
            try await stage.queue.figures().counters.reaped > before.reaped + reaped
        }
        let away = stage.ambient.elapsed() - killed
        try await stage.wait(for: "the end of all jobs", within: lease * 100) {
            try await stage.isOver()
        }
        let after = try await stage.queue.figures()
        let counts = try stage.effects.counts()
        let lost = load.filter { counts[$0.id.text] == nil }
        let doubled = counts.filter { $0.value > 1 }
        let ended = stage.ended().filter { $0 != Self.workers[1] }
        var report = ChaosReport("clock: Redis's clock an hour forward and back, five times")
        report.demand("running jobs met by the steps", loadMet, loadMet > 4)
        report.demand(
            "graces",
            after.counters.graces - before.graces,
            after.counters.graces > before.graces
        )
        report.demand("taken back though its worker lived", reaped, reaped == 0)
        report.demand(
            "seconds until a dead worker's jobs came back",
            Int(away / .seconds(1)),
            away < lease * 2
        )
        report.demand("dead", after.dead, after.dead == 0)
        report.demand("workers that ended", ended.count, ended.isEmpty)
        report.demand("lost", lost.count, lost.isEmpty)
        report.demand("doubled", doubled.count, doubled.isEmpty)
        return report
    }

    /// Everybody sleeps, as in a machine that is suspended, and the clock has gone on.
    private func stopEverybody(_ stage: ChaosStage, _ clock: ClockShift) async throws {
        for name in Self.workers { stage.stop(name, until: stage.ambient.elapsed()) }
        stage.redis.freeze()
        try await stage.ambient.sleep(for: lease)
        try clock.set(Self.hour)
        stage.redis.thaw()
        stage.wake(at: stage.ambient.elapsed())
        try await stage.ambient.sleep(for: lease * 2)
    }
}
