import CallJobs
import CallStore
import Conversion
import Foundation
import GRDB
import JobQueue
import JobWorker
import Logging
import TestSupport
import Testing

/// Two versions of the rules, and a store with calls that the first has judged.
struct RescoreBench {
    static let before = "type: success count: every call value: 10 EUR\nsuccessful success"
    static let after = "type: success value: 20 EUR\nany\n  successful success\n  rating >= 4"

    let bench: ConversionBench
    let old: RuleSet
    let new: RuleSet

    init(_ bench: ConversionBench) throws {
        self.bench = bench
        old = try RulesFile.parse(Self.before, file: "old.rules")
        new = try RulesFile.parse(Self.after, file: "new.rules")
    }

    var store: CallStore { bench.store }
    var steering: RescoreSteering { RescoreSteering(store: store, ambient: bench.ambient) }

    /// So many calls, judged by the old rules: of four, two are successes, one of the others is
    /// rated well.
    func fill(_ count: Int) async throws {
        try await store.write { writer in
            for number in 1...count {
                var record = CallRecord(
                    identity: CallIdentity(conversationID: "conv_\(number)"),
                    source: .detail,
                    fetchedAtMilliseconds: 1,
                    agentID: "agent",
                    status: .done
                )
                record.startedUnix = Int64(1_000_000 + number)
                record.callSuccessful = number.isMultiple(of: 2) ? "success" : "failure"
                record.rating = number % 4 == 1 ? 5 : 1
                try writer.record(record)
            }
        }
        var next: [String] = ["start"]
        var after: CallID?
        while !next.isEmpty {
            next = try await run(ConversionArguments(.open(after: after)), by: old)
            after = CallID((after?.number ?? 0) + Int64(ConversionHandler.sweepBatch))
        }
        try await store.write { try $0.label(CallID(2), Self.label) }
    }

    /// A person said that the second call, a success to both versions, is none.
    static let label = ManualLabel(type: "success", label: .no, person: "ana")

    var order: RescoreOrder {
        RescoreOrder(version: new.version, fromUnix: 0, toUnix: 2_000_000, person: "ana")
    }

    /// What a job would change; not committed.
    func change(_ arguments: ConversionArguments, by file: RuleSet) async throws -> StoreChange {
        let handler = ConversionHandler(store: store, library: RuleLibrary(store: store) { file })
        let context = JobContext(
            ambient: bench.ambient,
            logger: Logger(label: "test"),
            fence: 1
        )
        let result = try await handler.run(try bench.job(arguments), in: context)
        guard case .done(let change) = result else {
            Issue.record("the job did not end well")
            return { _ in }
        }
        return change
    }

    /// Runs a job and commits it; returns the payloads of the jobs that follow.
    @discardableResult
    func run(_ arguments: ConversionArguments, by file: RuleSet) async throws -> [String] {
        try await bench.commit(try await change(arguments, by: file))
    }

    /// Runs the jobs of a scoring until none follows, at most so many.
    func finish(_ id: RescoreID, most: Int = 50) async throws {
        for _ in 0..<most where try await !run(.rescore(id), by: old).isEmpty {}
    }

    /// What a scoring wrote of one call, without times.
    struct Line: Hashable {
        var call: CallID
        var outcome: Ternary?
        var ruleVersion: String?
        var worth: Money?
        var isCounted: Bool?
        var note: String?
        var verdicts: [Verdict]
        var change: RescoreChange?
    }

    /// Everything that a scoring writes, without times.
    func table(_ id: RescoreID) async throws -> [Line] {
        let changes = Dictionary(
            try await store.changes(of: id, limit: 5000).map { ($0.call, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var lines: [Line] = []
        let calls = try await store.callsToJudge(fromUnix: 0, toUnix: .max, after: nil, limit: 5000)
        for call in calls {
            let conversion = call.call.conversion
            let verdicts = try await store.verdicts(of: call.call.id, ruleVersion: new.version)
            lines.append(
                Line(
                    call: call.call.id,
                    outcome: conversion?.outcome,
                    ruleVersion: conversion?.ruleVersion,
                    worth: conversion?.worth,
                    isCounted: conversion?.isCounted,
                    note: conversion?.note,
                    verdicts: verdicts,
                    change: changes[call.call.id]
                )
            )
        }
        return lines
    }
}

@Suite("Judging calls anew")
struct RescoreTests {
    /// Three batches.
    static let calls = 1_203

    /// Runs a body on a bench of its own; returns the resulting table.
    private static func scored(
        _ body: (RescoreBench, RescoreID) async throws -> Void
    ) async throws -> [RescoreBench.Line] {
        var table: [RescoreBench.Line] = []
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(calls)
            let id = try await rescore.steering.start(rescore.order, by: rescore.new)
            try await body(rescore, id)
            let state = try #require(try await rescore.store.rescore(id))
            #expect(state.state == .done)
            #expect(state.tally.lookedAt == calls)
            #expect(state.calls == calls)
            table = try await rescore.table(id)
        }
        return table
    }

    @Test("gives the same table however often it is killed, delivered again, cancelled, resumed")
    func isResumable() async throws {
        let plain = try await Self.scored { rescore, id in try await rescore.finish(id) }
        #expect(plain.count == Self.calls)
        #expect(plain.count { $0.change != nil } == 901)
        let troubled = try await Self.scored { rescore, id in
            // Killed between the work and the commit: nothing was written.
            _ = try await rescore.change(.rescore(id), by: rescore.old)
            #expect(try await rescore.store.rescore(id)?.position == nil)
            // Two deliveries at work at once: the second commit changes nothing.
            let one = try await rescore.change(.rescore(id), by: rescore.old)
            let other = try await rescore.change(.rescore(id), by: rescore.old)
            #expect(try await rescore.bench.commit(one).count == 1)
            #expect(try await rescore.bench.commit(other).isEmpty)
            #expect(try await rescore.store.rescore(id)?.tally.lookedAt == 500)
            // Cancelled while a batch is at work: the batch is dropped, too.
            let late = try await rescore.change(.rescore(id), by: rescore.old)
            #expect(try await rescore.steering.cancel(id, by: "ana"))
            #expect(try await !rescore.steering.cancel(id, by: "ana"))
            #expect(try await rescore.bench.commit(late).isEmpty)
            #expect(try await rescore.run(.rescore(id), by: rescore.old).isEmpty)
            #expect(try await rescore.store.rescore(id)?.tally.lookedAt == 500)
            #expect(try await rescore.steering.resume(id, by: "ana"))
            #expect(try await !rescore.steering.resume(id, by: "ana"))
            try await rescore.finish(id)
            // A job that comes long after the end.
            #expect(try await rescore.run(.rescore(id), by: rescore.old).isEmpty)
        }
        // Not one expectation of all: a failure would print every line.
        #expect(zip(troubled, plain).allSatisfy { $0 == $1 } && troubled.count == plain.count)
    }

    @Test("changes what its dry run says, and nothing the second time")
    func isIdempotent() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(Self.calls)
            let preview = try await rescore.steering.preview(
                rescore.order,
                by: rescore.new,
                listed: 5000
            )
            let version = try await rescore.store.call(CallID(1))?.conversion?.ruleVersion
            #expect(version == rescore.old.version, "a dry run writes nothing")
            let id = try await rescore.steering.start(rescore.order, by: rescore.new)
            try await rescore.finish(id)
            let done = try #require(try await rescore.store.rescore(id))
            #expect(done.tally == preview.tally)
            #expect(try await rescore.store.changes(of: id, limit: 5000) == preview.changes)
            // 1, 5, 9, … become conversions; 2 is labelled no; the other even ones change value.
            #expect(done.tally.added == 301)
            #expect(done.tally.withdrawn == 0)
            #expect(done.tally.changed == 600)
            #expect(preview.before == 600 && preview.after == 901)
            #expect(preview.parts.map(\.calls) == [Self.calls])
            let before = try await rescore.table(id)

            let again = try await rescore.steering.start(rescore.order, by: rescore.new)
            try await rescore.finish(again)
            let second = try #require(try await rescore.store.rescore(again))
            #expect(second.tally.lookedAt == Self.calls)
            #expect(second.tally.added + second.tally.withdrawn + second.tally.changed == 0)
            #expect(try await rescore.store.changes(of: again, limit: 10).isEmpty)
            let after = try await rescore.table(id)
            #expect(zip(after, before).allSatisfy { $0 == $1 } && after.count == before.count)
            let label = try #require(try await rescore.store.call(CallID(2))?.conversion)
            #expect(label.outcome == .no && label.ruleOutcome == .yes)
        }
    }

    @Test("leaves alone what is out of its range, and calls that came after its start")
    func keepsToItsRange() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(20)
            var order = rescore.order
            order.fromUnix = 1_000_005
            order.toUnix = 1_000_010
            let id = try await rescore.steering.start(order, by: rescore.new)
            try await rescore.finish(id)
            #expect(try await rescore.store.rescore(id)?.tally.lookedAt == 5)
            for number in Int64(1)...20 {
                let version = try await rescore.store.call(CallID(number))?.conversion?.ruleVersion
                let isInside = (5...9).contains(number)
                #expect(version == (isInside ? rescore.new.version : rescore.old.version))
            }
        }
    }

    @Test("leaves closed months alone, unless there is a reason to change them")
    func respectsClosedMonths() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(20)
            #expect(try await rescore.store.lockedStarts() == LockedStarts())
            try Self.close(from: 1_000_005, to: 1_000_010, in: rescore.store.path)
            let preview = try await rescore.steering.preview(
                rescore.order,
                by: rescore.new,
                listed: 99
            )
            let id = try await rescore.steering.start(rescore.order, by: rescore.new)
            try await rescore.finish(id)
            let done = try #require(try await rescore.store.rescore(id))
            #expect(done.tally.locked == 5 && done.tally.lookedAt == 20)
            #expect(done.tally == preview.tally)
            func version(_ number: Int64) async throws -> String? {
                try await rescore.store.call(CallID(number))?.conversion?.ruleVersion
            }
            for number in Int64(1)...20 {
                let isLocked = (5...9).contains(number)
                let expected = isLocked ? rescore.old.version : rescore.new.version
                #expect(try await version(number) == expected)
            }
            var order = rescore.order
            order.closedReason = "the month was reported wrongly"
            let again = try await rescore.steering.start(order, by: rescore.new)
            try await rescore.finish(again)
            #expect(try await rescore.store.rescore(again)?.tally.locked == 0)
            #expect(try await version(5) == rescore.new.version)
        }
    }

    /// Closes a range as if it were a month.
    private static func close(from: Int64, to: Int64, in path: String) throws {
        try DatabaseQueue(path: path).write { database in
            try database.execute(
                sql: """
                    create table if not exists closed_months (
                        workspace text not null, month text not null, from_unix integer not null,
                        to_unix integer not null, time_zone text not null,
                        closed_ms integer not null, person text not null, note text,
                        primary key (workspace, month)
                    ) strict, without rowid
                    """
            )
            try database.execute(
                sql: """
                    insert into closed_months (
                        workspace, month, from_unix, to_unix, time_zone, closed_ms, person
                    ) values ('default', '1970-01', ?, ?, 'UTC', 1, 'ana')
                    """,
                arguments: [from, to]
            )
        }
    }

    @Test("leaves calls whose content has gone as they were judged, and says so before")
    func respectsFrozenCalls() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(20)
            let (rules, order) = try Self.reversed()
            var record = CallRecord(
                identity: CallIdentity(conversationID: "conv_21"),
                source: .detail,
                fetchedAtMilliseconds: 1,
                agentID: "agent",
                status: .done
            )
            record.startedUnix = 1_000_021
            record.callSuccessful = "failure"
            let reading = record
            // The first would become a conversion, the fourth is one; the last was never judged.
            try await rescore.store.write { writer in
                let call = try writer.record(reading).call
                try writer.expire(.transcripts, [1, 4, call.number])
            }
            let preview = try await rescore.steering.preview(order, by: rules, listed: 99)
            #expect(preview.tally.lookedAt == 21 && preview.tally.locked == 2)
            #expect(preview.tally.added == 10 && preview.tally.withdrawn == 8)
            #expect(preview.before == 9 && preview.after == 11)
            let id = try await rescore.steering.start(order, by: rules)
            try await rescore.finish(id)
            let done = try #require(try await rescore.store.rescore(id))
            #expect(done.tally == preview.tally)
            #expect(try await rescore.store.changes(of: id, limit: 99) == preview.changes)
            // What was said is what the figures say.
            #expect(try await rescore.store.counts().conversions == preview.after)
            for (number, outcome) in [(1, .no), (4, .yes)] as [(Int64, Ternary)] {
                let conversion = try await rescore.store.call(CallID(number))?.conversion
                #expect(conversion?.outcome == outcome)
                #expect(conversion?.ruleVersion == rescore.old.version)
            }
        }
    }

    @Test("tells nothing of a call whose content goes while its batch is at work")
    func seesExpiry() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(4)
            let (rules, order) = try Self.reversed()
            let id = try await rescore.steering.start(order, by: rules)
            let change = try await rescore.change(.rescore(id), by: rescore.old)
            try await rescore.store.write { try $0.expire(.transcripts, [4]) }
            try await rescore.bench.commit(change)
            let tally = try #require(try await rescore.store.rescore(id)).tally
            #expect(tally.lookedAt == 4 && tally.locked == 1)
            #expect(tally.added == 2 && tally.withdrawn == 0)
            let changes = try await rescore.store.changes(of: id, limit: 9)
            #expect(changes.map(\.call.number) == [1, 3])
            let conversion = try #require(try await rescore.store.call(CallID(4))?.conversion)
            #expect(conversion.outcome == .yes)
        }
    }

    /// Rules to which every success is none, and every failure one; judging all calls by them.
    private static func reversed() throws -> (RuleSet, RescoreOrder) {
        let rules = try RulesFile.parse("type: success\nsuccessful failure", file: "not.rules")
        let order = RescoreOrder(
            version: rules.version,
            fromUnix: 0,
            toUnix: 2_000_000,
            person: "ana"
        )
        return (rules, order)
    }

    @Test("judges a call that changes while its batch is at work as it is then")
    func seesChanges() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(20)
            let id = try await rescore.steering.start(rescore.order, by: rescore.new)
            let change = try await rescore.change(.rescore(id), by: rescore.old)
            var record = CallRecord(
                identity: CallIdentity(conversationID: "conv_3"),
                source: .detail,
                fetchedAtMilliseconds: 9,
                agentID: "agent",
                status: .done
            )
            record.startedUnix = 1_000_003
            record.callSuccessful = "success"
            let reading = record
            try await rescore.store.write { try $0.record(reading) }
            try await rescore.bench.commit(change)
            let conversion = try #require(try await rescore.store.call(CallID(3))?.conversion)
            #expect(conversion.outcome == .yes)
            #expect(conversion.ruleVersion == rescore.new.version)
        }
    }

    @Test("sends nothing but its own next job")
    func isSilent() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            try await rescore.fill(600)
            let id = try await rescore.steering.start(rescore.order, by: rescore.new)
            let next = try await rescore.run(.rescore(id), by: rescore.old)
            #expect(next == [#"{"rescore":"\#(id)"}"#])
        }
    }
}

@Suite("Versions of the rules")
struct VersionTests {
    @Test("count for calls from their activation on; a call keeps the version that judged it")
    func activate() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            let (old, new) = (rescore.old, rescore.new)
            let first = try await bench.record("conv_1")
            try await rescore.run(ConversionArguments(.calls([first])), by: old)
            try await bench.store.write { writer in
                try writer.keep(new.stored)
                try writer.point(.active, to: new.version, by: "ana", note: "ratings, too")
            }
            let second = try await bench.record("conv_2")
            let both = ConversionArguments(.calls([first, second]))
            try await rescore.run(both, by: old)
            func version(_ call: CallID) async throws -> String? {
                try await bench.store.call(call)?.conversion?.ruleVersion
            }
            #expect(try await version(first) == old.version)
            #expect(try await version(second) == new.version)
            // Back again, at once and without the file.
            try await bench.store.write { writer in
                try writer.point(.active, to: old.version, by: "ana", note: nil)
            }
            let log = try await bench.store.auditLog(action: "rules.activate", limit: 9)
            #expect(log.map(\.note.object) == ["rules:\(old.version)", "rules:\(new.version)"])
            #expect(log.last?.note.reason == "ratings, too")
            let third = try await bench.record("conv_3")
            try await rescore.run(ConversionArguments(.calls([third])), by: new)
            #expect(try await version(third) == old.version)
            let history = try await bench.store.rulePointerHistory(limit: 9)
            #expect(history.map(\.version) == [old.version, new.version])
            let listed = try await bench.store.ruleVersions(limit: 9)
            #expect(listed.first { $0.version == old.version }?.role == .active)
            #expect(listed.first { $0.version == old.version }?.calls == 2)
            #expect(listed.first { $0.version == new.version }?.role == nil)
            #expect(listed.first { $0.version == new.version }?.wasActive == true)
        }
    }

    @Test("judge as a shadow without counting")
    func shadow() async throws {
        try await ConversionBench.run { bench in
            let rescore = try RescoreBench(bench)
            let (old, new) = (rescore.old, rescore.new)
            try await bench.store.write { writer in
                try writer.keep(new.stored)
                try writer.point(.shadow, to: new.version, by: "ana", note: nil)
            }
            var record = CallRecord(
                identity: CallIdentity(conversationID: "conv_1"),
                source: .detail,
                fetchedAtMilliseconds: 1,
                agentID: "agent",
                status: .done
            )
            record.startedUnix = 1
            record.callSuccessful = "failure"
            record.rating = 5
            let reading = record
            let call = try await bench.store.write { try $0.record(reading).call }
            try await rescore.run(ConversionArguments(.calls([call])), by: old)
            #expect(try await bench.store.call(call)?.conversion?.outcome == .no)
            let noted = try await bench.store.verdicts(of: call, ruleVersion: new.version)
            #expect(noted.map(\.outcome) == [.yes])
        }
    }

    @Test("mean the same when they are read from the store")
    func roundTrip() async throws {
        try await ConversionBench.run { bench in
            for file in ["a.rules", "a.yaml"] {
                let isText = file.hasSuffix(".rules")
                let text = isText ? TextFormTests.booking : TextFormTests.bookingYAML
                let rules = try RulesFile.parse(text, file: file)
                try await bench.store.write { try $0.keep(rules.stored) }
                let stored = try #require(try await bench.store.ruleVersion(rules.version))
                #expect(try RuleSet(stored)?.rules == rules.rules)
                let lexicon = try #require(stored.source?.lexicon)
                #expect(try Lexicon(stored: lexicon) == Lexicon.shipped)
            }
            await #expect(throws: StoreError.self) {
                try await bench.store.write { writer in
                    try writer.point(.active, to: "nobody", by: "ana", note: nil)
                }
            }
        }
    }

    @Test("differ rule by rule, in words")
    func differ() throws {
        let old = try RulesFile.parse("type: a\nrating >= 4\ntype: b\nrating >= 5", file: "x.rules")
        let new = try RulesFile.parse("type: b\nrating >= 3\ntype: c\nrating >= 1", file: "x.rules")
        let differences = RuleDifference.between(old, new)
        #expect(differences.map(\.rule) == ["b", "c", "a"])
        #expect(differences.map(\.kind) == [.changed, .added, .removed])
        #expect(RuleDifference.between(old, old).isEmpty)
    }
}
