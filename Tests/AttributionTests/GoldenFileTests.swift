import Attribution
import CallJobs
import CallStore
import Foundation
import PhoneNumbers
import Testing

@Suite("The golden calls of the files")
struct GoldenFileTests {
    /// What is written down, and what came of it, in the same words.
    private struct Outcome: Equatable, CustomStringConvertible {
        var campaign: String
        var recipient: String
        var method: String
        var reason: String

        var description: String { "\(campaign)/\(recipient) by \(method) \(reason)" }
    }

    private static func outcome(
        _ call: CallID,
        _ store: CallStore,
        references: [RecipientID: String]
    ) async throws -> Outcome {
        let decision = try #require(try await store.call(call)?.attribution?.decision)
        var name = ""
        if let id = decision.campaign { name = try await store.campaign(id)?.name ?? "?" }
        return Outcome(
            campaign: name,
            recipient: decision.recipient.map { references[$0] ?? "?" } ?? "",
            method: decision.method.rawValue,
            reason: decision.reason ?? ""
        )
    }

    private static func references(_ store: CallStore) async throws -> [RecipientID: String] {
        var references: [RecipientID: String] = [:]
        for row in try GoldenFiles.rows("recipients") {
            for match in try await store.recipients(reference: row["recipient"]) {
                references[match.recipient.id] = match.recipient.reference
            }
        }
        return references
    }

    @Test("covers every method and every reason, each row with its reason in words")
    func isComplete() throws {
        let calls = try GoldenFiles.rows("calls")
        #expect(calls.count >= 200)
        #expect(try GoldenFiles.rows("recipients").count + calls.count >= 300)
        #expect(calls.allSatisfy { $0["why"].count >= 10 })
        #expect(Set(calls.map { $0["id"] }).count == calls.count)
        let methods = Set(calls.map { $0["method"] })
        #expect(methods == Set(AttributionMethod.allCases.map(\.rawValue)))
        let reasons = Set(calls.map { $0["reason"] }).subtracting(["", "not-from-a-campaign"])
        // What comes after a month was closed is tested where months are.
        let expected = Set(UnattributedReason.allCases.map(\.rawValue)).subtracting(["closed-month"]
        )
        #expect(reasons == expected)
    }

    @Test("decides each as written; a second recompute changes nothing, and pins do not move")
    func decides() async throws {
        let numbers = NumberNormalizer()
        try await AttributionBench.run { bench in
            try await GoldenFiles.load(into: bench, numbers)
            let rows = try GoldenFiles.rows("calls")
            var calls: [CallID] = []
            for row in rows {
                calls.append(try await GoldenFiles.record(row, in: bench, numbers))
            }
            try await bench.run(.open(after: nil))
            let references = try await Self.references(bench.store)
            var wrong = 0
            for (row, call) in zip(rows, calls) {
                let expected = Outcome(
                    campaign: row["campaign"],
                    recipient: row["recipient"],
                    method: row["method"],
                    reason: row["reason"]
                )
                let found = try await Self.outcome(call, bench.store, references: references)
                if found != expected { wrong += 1 }
                #expect(found == expected, "\(row["id"]): \(row["why"])")
            }
            #expect(wrong == 0, "\(wrong) of \(rows.count) are wrong")
            try await staysPut(calls, in: bench)
        }
    }

    /// Everything but the moment in which it was looked at.
    private struct Standing: Equatable {
        var decision: AttributionDecision?
        var isPinned: Bool?
        var by: String?
        var revision: CallRevision
        var history: [AttributionChange]
    }

    private func staysPut(_ calls: [CallID], in bench: AttributionBench) async throws {
        func standing() async throws -> [Standing] {
            var all: [Standing] = []
            for id in calls {
                let call = try #require(try await bench.store.call(id))
                all.append(
                    Standing(
                        decision: call.attribution?.decision,
                        isPinned: call.attribution?.isPinned,
                        by: call.attribution?.decidedBy,
                        revision: call.revision,
                        history: try await bench.store.attributionHistory(of: id)
                    )
                )
            }
            return all
        }
        let before = try await standing()
        #expect(before.count { $0.isPinned == true } == 6)
        let all = WindowReach.everything.recompute
        let range = try #require(all)
        for selection in [
            CallSelection.range(fromUnix: range.fromUnix, toUnix: range.toUnix, after: nil),
            .calls(calls), .open(after: nil),
        ] {
            try await bench.run(selection)
            #expect(try await standing() == before)
        }
        let trial = try await AttributionTrial(store: bench.store, rules: Samples.rules)
            .run(trying: nil, fromUnix: range.fromUnix, toUnix: range.toUnix)
        #expect(trial.calls == calls.count)
        #expect(trial.changed == 0)
        #expect(trial.pinned == 6)
    }
}
