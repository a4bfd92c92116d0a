import Ambient
import CallJobs
import CallStore
import Conversion
import Foundation
import JobQueue
import JobWorker
import Logging
import TestSupport
import Testing

/// A store of its own, to judge calls in.
struct ConversionBench {
    let store: CallStore
    let ambient: Ambient

    /// A call that the upstream calls a success is a conversion.
    static let simple = """
        rules:
          - {id: success, type: success, when: {successful: success}}
        """

    static func run(_ body: (ConversionBench) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        let ambient = Ambient.live(seed: 1)
        let store = try await CallStore.open(
            path: folder.file("store.sqlite"),
            ambient: ambient,
            phoneKey: PhoneKey(id: "test", secret: Data(repeating: 7, count: 32))
        )
        do {
            try await body(ConversionBench(store: store, ambient: ambient))
        } catch {
            try store.close()
            throw error
        }
        try store.close()
    }

    /// Runs one job by these rules and commits it; returns the payloads of the jobs that follow.
    @discardableResult
    func run(
        _ selection: CallSelection,
        by text: String = simple,
        file: String = "test.yaml"
    ) async throws -> [String] {
        let rules = try RulesFile.parse(text, file: file)
        let handler = ConversionHandler(store: store, library: RuleLibrary(store: store) { rules })
        let job = try job(ConversionArguments(selection))
        let context = JobContext(ambient: ambient, logger: Logger(label: "test"), fence: 1)
        guard case .done(let change) = try await handler.run(job, in: context) else {
            Issue.record("the job did not end well")
            return []
        }
        return try await commit(change)
    }

    func job(_ arguments: ConversionArguments) throws -> Job {
        Job(
            id: try JobID("conversion-\(ambient.newID().uuidString)"),
            kind: JobKind.conversion.rawValue,
            lane: .low,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: arguments.payload,
            unique: nil,
            uniqueHorizon: .seconds(1),
            trace: nil
        )
    }

    /// Commits the change of a job; returns the payloads of the jobs that follow.
    @discardableResult
    func commit(_ change: @escaping StoreChange) async throws -> [String] {
        let entry = LedgerEntry(
            id: try JobID("conversion-\(ambient.newID().uuidString)"),
            kind: JobKind.conversion.rawValue,
            worker: try WorkerID("test"),
            fence: 1,
            attempt: 1
        )
        let receipt = try await store.commit([LedgerJob(entry: entry, change: change)])
        #expect(receipt.verdicts == [.applied])
        return receipt.outbox.map { String(decoding: $0.job.payload, as: UTF8.self) }
    }

    @discardableResult
    func record(
        _ id: String,
        successful: String? = "success",
        status: CallStatus = .done
    ) async throws -> CallID {
        var record = CallRecord(
            identity: CallIdentity(conversationID: id),
            source: .detail,
            fetchedAtMilliseconds: 1,
            agentID: "agent",
            status: status
        )
        record.startedUnix = 1_772_366_400
        record.callSuccessful = successful
        let reading = record
        return try await store.write { try $0.record(reading).call }
    }
}

@Suite("The conversion job")
struct ConversionHandlerTests {
    static let outcomes: [(String?, Ternary)] = [
        ("success", .yes), ("failure", .no), ("unknown", .unknown), (nil, .unknown),
    ]

    @Test("writes the verdict with its evidence and its echo", arguments: outcomes)
    func judges(successful: String?, outcome: Ternary) async throws {
        try await ConversionBench.run { bench in
            let call = try await bench.record("conv_1", successful: successful)
            #expect(try await bench.run(.calls([call])).isEmpty)
            let conversion = try #require(try await bench.store.call(call)?.conversion)
            #expect(conversion.outcome == outcome)
            #expect(conversion.needsReview == (outcome == .unknown))
            let version = try #require(conversion.ruleVersion)
            let verdicts = try await bench.store.verdicts(of: call, ruleVersion: version)
            #expect(verdicts.map(\.outcome) == [outcome])
            #expect(verdicts.map(\.evidence.isEmpty) == [outcome != .yes])
            if outcome == .yes {
                #expect(
                    conversion.note
                        == "Counts as success when the upstream calls the call a success."
                )
            }
        }
    }

    @Test("leaves calls alone that have not ended")
    func waitsForTheEnd() async throws {
        try await ConversionBench.run { bench in
            let call = try await bench.record("conv_1", status: .processing)
            try await bench.run(.calls([call, CallID(999)]))
            #expect(try await bench.store.call(call)?.conversion == nil)
        }
    }

    @Test("does not take what was heard of a call under way for all of it")
    func waitsForTheWords() async throws {
        let rules = """
            rules:
              - {id: booked, type: booking, when: {phrase: {speaker: caller, any: [book]}}}
            """
        try await ConversionBench.run { bench in
            var reading = CallRecord(
                identity: CallIdentity(conversationID: "conv_1"),
                source: .detail,
                fetchedAtMilliseconds: 1,
                agentID: "agent",
                status: .inProgress
            )
            reading.startedUnix = 1_772_366_400
            reading.transcript = [Turn(speaker: .caller, message: "Hello?", secondsIn: 1)]
            var row = reading
            row.source = .list
            row.status = .done
            row.transcript = nil
            row.fetchedAtMilliseconds = 2
            var whole = reading
            whole.status = .done
            whole.transcript?.append(
                Turn(speaker: .caller, message: "I want to book.", secondsIn: 9)
            )
            whole.fetchedAtMilliseconds = 3
            for (reading, outcome) in [(reading, nil), (row, .unknown), (whole, .yes)]
                as [(CallRecord, Ternary?)]
            {
                let call = try await bench.store.write { try $0.record(reading).call }
                try await bench.run(.calls([call]), by: rules)
                #expect(try await bench.store.call(call)?.conversion?.outcome == outcome)
            }
        }
    }

    @Test("lets a person's label go before the rules, whatever is judged again")
    func keepsLabels() async throws {
        try await ConversionBench.run { bench in
            let call = try await bench.record("conv_1")
            try await bench.run(.calls([call]))
            try await bench.store.write { writer in
                try writer.label(
                    call,
                    ManualLabel(type: "success", label: .no, person: "ana", note: "a test call")
                )
            }
            for selection in [CallSelection.calls([call]), .open(after: nil)] {
                try await bench.run(selection)
                let conversion = try #require(try await bench.store.call(call)?.conversion)
                #expect(conversion.outcome == .no)
                #expect(conversion.ruleOutcome == .yes)
            }
        }
    }

    @Test("judges the same again without a change")
    func repeats() async throws {
        try await ConversionBench.run { bench in
            let call = try await bench.record("conv_1")
            try await bench.run(.calls([call]))
            let first = try #require(try await bench.store.call(call)?.conversion)
            let range = CallSelection.range(fromUnix: 0, toUnix: 2_000_000_000, after: nil)
            try await bench.run(range)
            var second = try #require(try await bench.store.call(call)?.conversion)
            second.judgedAtMilliseconds = first.judgedAtMilliseconds
            #expect(second == first)
        }
    }

    @Test("sweeps up what nobody has judged, in batches that hand on")
    func sweeps() async throws {
        try await ConversionBench.run { bench in
            let count = ConversionHandler.sweepBatch + 2
            try await bench.store.write { writer in
                for number in 1...count {
                    var record = CallRecord(
                        identity: CallIdentity(conversationID: "conv_\(number)"),
                        source: .detail,
                        fetchedAtMilliseconds: 1,
                        agentID: "agent",
                        status: .done
                    )
                    record.startedUnix = 1
                    record.callSuccessful = "success"
                    try writer.record(record)
                }
            }
            let next = try await bench.run(.open(after: nil))
            #expect(next == [#"{"after":\#(ConversionHandler.sweepBatch),"sweep":"open"}"#])
            try await bench.run(.open(after: CallID(Int64(ConversionHandler.sweepBatch))))
            #expect(try await bench.store.counts().conversions == count)
        }
    }
}

@Suite("The rules in use")
struct ActiveRulesTests {
    @Test("follow their file, and stay when it breaks")
    func followTheFile() throws {
        let folder = try ScratchFolder()
        let file = folder.url.appending(path: "default.yaml")
        let clock = TestClock()
        let live = Ambient.live(seed: 1)
        let ambient = Ambient(
            clock: live.clock,
            elapsed: { clock.elapsed },
            now: live.now,
            newID: live.newID,
            chance: live.chance
        )
        func write(_ text: String) throws {
            try text.write(to: file, atomically: true, encoding: .utf8)
            clock.advance(ActiveRules.checkInterval)
        }
        try write(ConversionBench.simple)
        let rules = try ActiveRules(file: file, ambient: ambient, logger: Logger(label: "test"))
        let first = rules.current()
        try write(ConversionBench.simple + "\n  - {id: x, type: y, when: {successful: failure}}")
        let second = rules.current()
        #expect(second.types == ["success", "y"])
        #expect(second.version != first.version)
        try write("rules: [")
        #expect(rules.current() == second)
        try FileManager.default.removeItem(at: file)
        clock.advance(ActiveRules.checkInterval)
        #expect(rules.current() == second)
        try write(ConversionBench.simple)
        #expect(rules.current() == first)
    }

    @Test("do not start with a file that is broken or not there")
    func refuseToStart() {
        let file = URL(filePath: "/nonexistent/default.yaml")
        #expect(throws: RulesFileError.self) {
            try ActiveRules(
                file: file,
                ambient: Ambient.live(seed: 1),
                logger: Logger(label: "test")
            )
        }
    }
}
