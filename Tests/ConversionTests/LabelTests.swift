import CallJobs
import CallStore
import Conversion
import Foundation
import PhoneNumbers
import TestSupport
import Testing

@Suite("Labels, samples and trials")
struct LabelTests {
    static let rules = """
        type: booking
        criterion booked is success
        """

    /// Calls whose criterion says success for every fifth; of those 18 of 20 are true conversions,
    /// and of the others 1 of 40.
    private static func fill(_ store: CallStore, _ count: Int) async throws {
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
                record.callSuccessful = number.isMultiple(of: 3) ? "success" : "failure"
                let says = number.isMultiple(of: 5) ? "success" : "failure"
                record.criteria = [CriterionResult(id: "booked", result: says)]
                try writer.record(record)
            }
        }
    }

    private static func isConversion(_ number: Int64) -> Bool {
        number % 5 == 0 ? number % 50 != 0 : number % 40 == 1
    }

    @Test("measure a rule from a sample that is labelled blindly")
    func measure() async throws {
        try await ConversionBench.run { bench in
            let store = bench.store
            try await Self.fill(store, 2_000)
            let rules = try RulesFile.parse(Self.rules, file: "x.rules")
            let sampling = LabelSampling(store: store, ambient: bench.ambient)
            let sample = try await sampling.draw(
                type: "booking",
                rules: rules,
                fromUnix: 0,
                toUnix: 2_000_000,
                size: 300,
                by: "ana"
            )
            #expect(sample.entries.count == 300)
            #expect(Set(sample.entries.map(\.call)).count == 300)
            #expect(Set(sample.entries.map(\.stratum)) == ["yes", "no"])
            var labelled = 0
            while let task = try await store.nextLabel(of: sample.id, for: "ana") {
                #expect(task.left == 300 - labelled)
                let label = ManualLabel(
                    type: "booking",
                    label: Self.isConversion(task.call.number) ? .yes : .no,
                    person: "ana"
                )
                try await store.write { writer in
                    try writer.label(task.call, label, isBlind: true, sample: sample.id)
                }
                labelled += 1
            }
            #expect(labelled == 300)
            // A second person gets one in ten, and says the same.
            var second = 0
            while let task = try await store.nextLabel(of: sample.id, for: "ben") {
                let label = ManualLabel(
                    type: "booking",
                    label: Self.isConversion(task.call.number) ? .yes : .no,
                    person: "ben"
                )
                try await store.write { writer in
                    try writer.label(task.call, label, isBlind: true, sample: sample.id)
                }
                second += 1
            }
            #expect(second == 30)

            let library = RuleLibrary(store: store) { rules }
            let rulesBench = RuleBench(store: store, library: library)
            let trial = try await rulesBench.trial(of: rules, type: "booking")
            let heldBack = try await rulesBench.trial(of: rules, type: "booking", part: .heldBack)
            #expect(trial.labelled == 200 && heldBack.labelled == 100)
            #expect(trial.agreement.calls == 30 && trial.agreement.kappa == 1)
            #expect(trial.rule.cells.reduce(0) { $0 + $1.calls } == 2_000)
            // 400 calls of which 360 are conversions; 1,600 of which 50 minus those of five.
            let precision = try #require(trial.rule.measurement?.precision)
            #expect(precision.low < 0.9 && 0.9 < precision.high, "\(precision)")
            let missed = (1...2_000).count { $0 % 5 != 0 && $0 % 40 == 1 }
            let truth = 360.0 / Double(360 + missed)
            let recall = try #require(trial.rule.measurement?.recall)
            #expect(recall.low < truth && truth < recall.high, "\(recall) \(truth)")
            #expect(trial.judges.map(\.name) == ["rule", "call_successful", "criterion booked"])
            #expect(trial.judges[2].measurement == trial.rule.measurement)
            let upstream = try #require(trial.judges[1].measurement?.precision)
            #expect(upstream.high < precision.low)
            #expect(!trial.advice.isEmpty)

            // A rule that calls everything a conversion is warned of.
            let loose = try RulesFile.parse("type: booking\nduration >= 0 s", file: "x.rules")
            let worse = try RulesFile.parse("type: booking\nsuccessful success", file: "x.rules")
            let after = try await rulesBench.trial(of: worse, type: "booking", part: .heldBack)
            let warnings = RuleBench.warnings(promoting: after, over: heldBack)
            #expect(warnings.count == 2, "\(warnings)")
            #expect(RuleBench.warnings(promoting: heldBack, over: after).isEmpty)
            let unknown = try await rulesBench.trial(of: loose, type: "booking")
            #expect(unknown.rule.measurement?.unknownCalls == 2_000)
            #expect(unknown.rule.measurement?.precision == nil)
        }
    }

    @Test("pin by hand until they are taken back; a blind one that cannot tell pins nothing")
    func pins() async throws {
        try await ConversionBench.run { bench in
            let call = try await bench.record("conv_1")
            try await bench.run(.calls([call]))
            func outcome() async throws -> Ternary? {
                try await bench.store.call(call)?.conversion?.outcome
            }
            func label(_ label: Ternary, isBlind: Bool, by person: String) async throws {
                let label = ManualLabel(type: "success", label: label, person: person)
                try await bench.store.write { writer in
                    try writer.label(call, label, isBlind: isBlind)
                }
            }
            try await label(.unknown, isBlind: true, by: "ana")
            #expect(try await outcome() == .yes)
            try await label(.no, isBlind: false, by: "ben")
            #expect(try await outcome() == .no)
            let all = try await bench.store.labels(limit: 9)
            #expect(all.map(\.person) == ["ana", "ben"])
            #expect(all.map(\.label) == [.unknown, .no])
            #expect(
                try await bench.store.write { try $0.unlabel(call, type: "success", by: "ana") }
            )
            #expect(try await outcome() == .yes)
            #expect(try await bench.store.labels(limit: 9).isEmpty)
        }
    }
}

@Suite("Counting and worth")
struct CountingTests {
    static let rules =
        "type: sale value: data total EUR count: one per caller per 30 days\n"
        + "successful success"

    /// Days of one caller's conversions, and which of them count.
    static let days: [(Int, Bool)] = [
        (0, true), (10, false), (29, false), (30, true), (31, false), (59, false), (61, true),
    ]

    static let orders: [[Int]] = [
        Array(days.indices), days.indices.reversed(), [3, 0, 6, 1, 5, 2, 4], [6, 5, 0, 3, 4, 1, 2],
    ]

    private static func record(
        _ number: Int,
        day: Int,
        caller: String? = "+4915112345678",
        total: Int = 50
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(conversationID: "conv_\(number)"),
            source: .detail,
            fetchedAtMilliseconds: Int64(number) + 1,
            agentID: "agent",
            status: .done
        )
        record.startedUnix = 1_700_000_000 + Int64(day) * 86_400
        record.callSuccessful = "success"
        record.collected = [CollectedValue(id: "total", value: .integer(Int64(total)))]
        if let caller {
            record.caller = PartyNumber(
                raw: caller,
                e164: E164(stored: caller),
                kind: .e164,
                normaliserVersion: "test"
            )
        }
        return record
    }

    @Test("counts once per caller in so many days, in whatever order calls come", arguments: orders)
    func countsOnce(order: [Int]) async throws {
        try await ConversionBench.run { bench in
            var ids: [Int: CallID] = [:]
            for index in order {
                let record = Self.record(index, day: Self.days[index].0)
                let call = try await bench.store.write { try $0.record(record).call }
                ids[index] = call
                try await bench.run(.calls([call]), by: Self.rules, file: "x.rules")
            }
            for (index, day) in Self.days.enumerated() {
                let call = try #require(ids[index])
                let conversion = try #require(try await bench.store.call(call)?.conversion)
                #expect(conversion.isCounted == day.1, "day \(day.0)")
                #expect(conversion.worth == Money(micros: 50_000_000, currency: "EUR"))
            }
            // Without the first, the next ones move up.
            let first = try #require(ids[0])
            let none = ManualLabel(type: "sale", label: .no, person: "ana")
            try await bench.store.write { try $0.label(first, none) }
            var counted: [Bool] = []
            for index in Self.days.indices {
                let call = try #require(ids[index])
                counted.append(try await bench.store.call(call)?.conversion?.isCounted ?? false)
            }
            #expect(counted == [true, true, false, false, false, true, false])
            #expect(try await bench.store.call(first)?.conversion?.outcome == .no)
        }
    }

    @Test("counts callers apart, and each call without a number")
    func countsApart() async throws {
        try await ConversionBench.run { bench in
            let callers = ["+4915112345678", "+4915112345679", nil, nil]
            for (index, caller) in callers.enumerated() {
                let record = Self.record(index, day: index, caller: caller)
                let call = try await bench.store.write { try $0.record(record).call }
                try await bench.run(.calls([call]), by: Self.rules, file: "x.rules")
                #expect(try await bench.store.call(call)?.conversion?.isCounted == true)
            }
        }
    }

    static let amounts: [(Decimal, String)] = [
        (80, "80.00 EUR"), (Decimal(string: "79.905") ?? 0, "79.905 EUR"), (-3, "-3.00 EUR"),
        (Decimal(string: "0.1234567") ?? 0, "0.123457 EUR"),
    ]

    @Test("keeps amounts exactly", arguments: amounts)
    func keepsAmounts(amount: Decimal, text: String) {
        #expect(Money(amount, currency: "EUR")?.text == text)
        #expect(Money(Decimal(string: "1e12") ?? 0, currency: "EUR") == nil)
    }

    @Test("asks for first-time callers and caller lists")
    func knowsCallers() async throws {
        try await ConversionBench.run { bench in
            var ids: [CallID] = []
            for index in 0...1 {
                let record = Self.record(index, day: index)
                ids.append(try await bench.store.write { try $0.record(record).call })
            }
            let first = try await bench.store.callsToJudge(ids)
            #expect(first.map(\.isFirstOfCaller) == [true, false])
            #expect(first.map(\.callerLists) == [[], []])
            let number = try #require(Self.record(0, day: 0).caller)
            #expect(try await bench.store.write { try $0.add([number], toCallerList: "vip") } == 1)
            #expect(try await bench.store.write { try $0.add([number], toCallerList: "vip") } == 0)
            let listed = try await bench.store.callsToJudge(ids)
            #expect(listed.map(\.callerLists) == [["vip"], ["vip"]])
            #expect(try await bench.store.callerLists().map(\.callers) == [1])
            let removed = try await bench.store.write {
                try $0.remove([number], fromCallerList: "vip")
            }
            #expect(removed == 1)
        }
    }
}
