import CallStore
import Foundation
import TestSupport
import Testing

/// Random sequences of everything that changes a call, against a count of the calls as they are.
@Suite("Figures, at random")
struct FigurePropertyTests {
    private static let zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]

    @Test(
        "keeps sums equal to a recount, and parts equal to their total",
        arguments: Seeds.first(12)
    )
    func sums(seed: UInt64) async throws {
        let fixture = try await StoreFixture(seed: seed)
        var random = Seeded(seed: seed)
        let campaigns = try await fixture.store.write { writer in
            try ["Spring", "Autumn"].map {
                try writer.add(NewCampaign(name: $0, channel: .mail))
            }
        }
        var excluded: Set<Int64> = []
        for _ in 0..<4 {
            for _ in 0..<60 {
                try await step(fixture, campaigns, &excluded, &random)
            }
            let note = Comment(rawValue: Seeds.replay(seed, filter: "FigurePropertyTests"))
            let recount = try await fixture.store.recount()
            #expect(recount.isRight, note)
            let report = try await fixture.store.figureReport(FigureScope(includesVoice: true))
            #expect(report.total == (try await byHand(fixture, excluded)), note)
            for parts in [
                report.days.map(\.figures), report.agents.map(\.figures),
                report.campaigns.map(\.figures),
            ] {
                #expect(parts.reduce(CallFigures(), +) == report.total, note)
            }
            #expect(report.satisfaction == (try await thoughts(fixture, excluded)), note)
            let name = Self.zones.randomElement(using: &random) ?? "UTC"
            let zone = try #require(TimeZone(identifier: name))
            try await fixture.store.useReportZone(zone)
            #expect(try await fixture.store.recount().isRight, note)
            let moved = try await fixture.store.figureReport(FigureScope(includesVoice: true))
            #expect(moved.total == report.total, note)
        }
    }

    private func step(
        _ fixture: StoreFixture,
        _ campaigns: [CampaignID],
        _ excluded: inout Set<Int64>,
        _ random: inout Seeded
    ) async throws {
        let number = Int.random(in: 0..<25, using: &random)
        let known = try await fixture.store.call(CallIdentity(conversationID: "c\(number)"))
        guard let known else {
            try await fixture.record(reading(number, 0, &random))
            return
        }
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1, 2:
            fixture.time.advance(by: .seconds(1))
            try await fixture.record(reading(number, fixture.time.milliseconds, &random))
        case 3:
            let campaign = campaigns.randomElement(using: &random)
            let credited = Bool.random(using: &random) ? campaign : nil
            let decision = AttributionDecision(
                campaign: credited,
                recipient: nil,
                method: credited == nil ? .none : .exactNumber,
                confidence: nil,
                reason: nil,
                evidence: [:],
                ruleVersion: "a"
            )
            _ = try await fixture.store.write {
                try $0.attribute(known.id, seen: known.revision, decision)
            }
        case 4:
            let pin = ManualPin(campaign: campaigns.randomElement(using: &random), person: "ana")
            try await fixture.store.write { try $0.pin(known.id, pin) }
        case 5: try await fixture.store.write { _ = try $0.unpin(known.id, by: "ana") }
        case 6:
            let outcome = Ternary.allCases.randomElement(using: &random) ?? .no
            let verdict = Verdict(
                type: Bool.random(using: &random) ? "booking" : "order",
                outcome: outcome,
                evidence: outcome == .yes ? [.integer(1)] : [],
                echo: "e",
                needsReview: false
            )
            let judgement = Judgement(ruleVersion: "r", ruleName: "n", verdicts: [verdict])
            _ = try await fixture.store.write {
                try $0.judge(known.id, seen: known.revision, judgement)
            }
        case 7:
            let word = Ternary.allCases.randomElement(using: &random) ?? .yes
            try await fixture.store.write {
                try $0.label(known.id, ManualLabel(type: "booking", label: word, person: "ana"))
            }
        default:
            if excluded.remove(known.id.number) == nil {
                excluded.insert(known.id.number)
                try await fixture.store.write {
                    try $0.exclude(known.id, for: .test, by: "ana")
                }
            } else {
                try await fixture.store.write { _ = try $0.include(known.id, by: "ana") }
            }
        }
    }

    private func reading(_ number: Int, _ later: Int64, _ random: inout Seeded) -> CallRecord {
        var record = CallRecord.sample("c\(number)", fetched: max(1_794_700_100_000, later))
        record.agentID = "agent_\(number % 3)"
        record.channel = [.phone, .phone, .voice, .text].randomElement(using: &random) ?? .phone
        record.startedUnix = 1_792_800_000 + Int64.random(in: 0..<260_000, using: &random)
        record.callSuccessful =
            ["success", "failure", "unknown", "odd", nil]
            .randomElement(using: &random) ?? nil
        record.durationSeconds = [0, 1, 29, 30, 95, 4_000].randomElement(using: &random) ?? 0
        record.costCredits = Bool.random(using: &random) ? 300 : nil
        record.costDollars = Bool.random(using: &random) ? 0.071 : nil
        record.callResult = ["answered", "busy", nil].randomElement(using: &random) ?? nil
        record.rating = [1, 3.5, 5, nil].randomElement(using: &random) ?? nil
        record.sentiment = ["positive", "neutral", nil].randomElement(using: &random) ?? nil
        record.transcript = (0..<Int.random(in: 0...4, using: &random)).map {
            Turn(speaker: $0 % 2 == 0 ? .caller : .agent, message: "word", secondsIn: $0)
        }
        return record
    }

    /// What callers thought, call by call.
    private func thoughts(
        _ fixture: StoreFixture,
        _ excluded: Set<Int64>
    ) async throws -> Satisfaction {
        var found = Satisfaction()
        for summary in try await fixture.store.calls(CallFilter(), limit: 1_000).calls {
            guard summary.channel == .phone || summary.channel == .voice,
                !excluded.contains(summary.id.number),
                let record = try await fixture.store.call(summary.id)?.record
            else { continue }
            if let rating = record.rating {
                found.ratings += 1
                found.ratingSum += rating
            }
            if let mood = record.sentiment {
                found.moods += 1
                if mood == "positive" { found.positive += 1 }
            }
        }
        return found
    }

    /// The figures of the calls as they are, one by one, in this test's own words.
    private func byHand(
        _ fixture: StoreFixture,
        _ excluded: Set<Int64>
    ) async throws -> CallFigures {
        var total = CallFigures()
        for number in 0..<25 {
            let identity = CallIdentity(conversationID: "c\(number)")
            guard let call = try await fixture.store.call(identity) else { continue }
            guard call.record.channel != .text else { continue }
            total.conversations += 1
            if excluded.contains(call.id.number) {
                total.excluded += 1
                continue
            }
            switch call.record.callSuccessful {
            case "success": total.success += 1
            case "failure": total.failure += 1
            case nil: total.pending += 1
            default: total.unknown += 1
            }
            let turns = call.transcript.count { $0.speaker == .caller && $0.hasWords }
            let seconds = call.record.durationSeconds ?? 0
            let converted = call.conversion?.outcome == .yes
            if seconds > 0, turns > 0 {
                total.connected += 1
                total.seconds += seconds
            } else if call.record.callResult == "busy" {
                total.notConnected += 1
            } else if seconds > 0 {
                total.noSpeech += 1
            }
            if converted { total.conversions += 1 }
            if converted || (seconds >= 30 && turns >= 2) { total.qualified += 1 }
            if call.attribution?.decision.campaign != nil { total.attributed += 1 }
            if let credits = call.record.costCredits {
                total.credits += Int(credits)
                total.creditsKnown += 1
            }
            if let dollars = call.record.costDollars {
                total.microdollars += Int((dollars * 1_000_000).rounded())
                total.microdollarsKnown += 1
            }
        }
        return total
    }
}
