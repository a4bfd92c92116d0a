import Ambient
import ArgumentParser
import Foundation
import JobQueue
import RedisQueue
import TestSupport

/// Counts after a storm: everything that was acknowledged must have had its effect, once.
struct StormVerdict: Sendable {
    /// How much a server that flushes each second may lose when it is killed, with some reserve.
    private static let unflushedMilliseconds: Int64 = 3000

    let stage: ChaosStage
    let terms: StormCommand
    let storm: Storm

    func report() async throws -> ChaosReport {
        var report = ChaosReport(
            "storm: seed \(terms.seed), \(terms.minutes) min, \(terms.workers) workers, "
                + "appendfsync \(terms.fsync), lease \(terms.terms.lease) s"
        )
        let injected = await storm.injected
        for fault in StormFault.allCases { report.add(fault.rawValue, injected[fault] ?? 0) }
        let network = stage.network.counts
        report.add("replies that were lost", network.lostReplies)
        report.add("replies that were broken off", network.brokenReplies)
        report.add("connections made over the network", network.connections)
        report.add("processes that ended by themselves", await storm.ownEnds)
        try await addWork(to: &report)
        let counts = try stage.effects.counts()
        try await addLosses(counts, to: &report)
        let doubled = counts.filter { $0.value > 1 }.keys.sorted()
        report.demand("effects doubled", Self.list(doubled), doubled.isEmpty)
        let ledger = try stage.effects.ledgerRows()
        let total = try stage.effects.total()
        report.demand("ledger rows beside effects", "\(ledger) / \(total)", ledger == total)
        let dead = try await stage.dead()
        report.demand("dead", dead.map { "\($0): \($1)" }.sorted(), dead.isEmpty)
        for key in 0..<ChaosPlan.limitKeys {
            try await stage.queue.setLimit(try LimitKey("agent:\(key)"), LimitSettings())
        }
        let keys = try await stage.keysLeft()
        report.demand("keys left", Self.list(keys), keys.isEmpty)
        return report
    }

    private func addWork(to report: inout ChaosReport) async throws {
        let counters = try await stage.queue.figures().counters
        report.add("jobs acknowledged", try ChaosProgress(folder: stage.folder).next())
        report.add("jobs queued, all told", counters.enqueued)
        report.add("deliveries taken back from silent workers", counters.reaped)
        report.add("attempts that failed and were repeated", counters.retried)
        report.add("graces after Redis was away", counters.graces)
        report.add("killed alone three times, and put back", await storm.revived)
    }

    private func addLosses(_ counts: [String: Int], to report: inout ChaosReport) async throws {
        let calls = try ChaosProgress(folder: stage.folder).acknowledgements()
        let deaths = await storm.redisDeaths
        var lost: [String] = []
        var unexplained: [String] = []
        for call in calls {
            let isAtRisk = deaths.contains { death in
                let age = death - call.unixMilliseconds
                return (0...Self.unflushedMilliseconds).contains(age)
            }
            for number in call.first..<call.first + call.count {
                let name = ChaosPlan.id(number)
                let isThere =
                    counts[name] != nil
                    && (ChaosPlan.kind(number) != .leading || counts["following:\(name)"] != nil)
                guard !isThere else { continue }
                lost.append(name)
                if !isAtRisk { unexplained.append(name) }
            }
        }
        let gaps = try gapsInTicks(counts)
        let ticks = counts.keys.count { $0.hasPrefix("minute-") }
        // A storm of two whole minutes has a tick of each schedule at least.
        let expected = terms.minutes >= 3 ? ProducerCommand.schedules : 0
        report.demand("ticks of schedules", ticks, ticks >= expected)
        report.demand("ticks lost", Self.list(gaps), gaps.isEmpty)
        report.demand("lost", Self.list(lost), lost.isEmpty || terms.fsync != "always")
        guard terms.fsync != "always" else { return }
        report.add(
            "why",
            lost.isEmpty
                ? "a killed process loses nothing that it has handed to the kernel; only a machine "
                    + "that stops, or a disk too slow for the flush each second, would have"
                : "acknowledged in the last \(Self.unflushedMilliseconds / 1000) s before a kill "
                    + "of Redis, when its file was not flushed, and no outbox had them"
        )
        report.demand("lost otherwise", Self.list(unexplained), unexplained.isEmpty)
    }

    /// Minutes between the first and the last tick of a schedule that have none.
    private func gapsInTicks(_ counts: [String: Int]) throws -> [String] {
        var gaps: [String] = []
        for number in 0..<ProducerCommand.schedules {
            let prefix = ProducerCommand.scheduleName(number) + "@"
            let instants = try counts.keys.filter { $0.hasPrefix(prefix) }
                .map { try Date(String($0.dropFirst(prefix.count)), strategy: .iso8601) }.sorted()
            for (earlier, later) in zip(instants, instants.dropFirst())
            where later.timeIntervalSince(earlier) != 60 {
                gaps.append("\(prefix)\(earlier.formatted(.iso8601))")
            }
        }
        return gaps
    }

    /// The number, and some of them.
    private static func list(_ names: [String]) -> String {
        guard !names.isEmpty else { return "0" }
        return "\(names.count) (\(names.prefix(10).joined(separator: ", ")))"
    }
}
