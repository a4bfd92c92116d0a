import Attribution
import CallJobs
import CallStore
import Foundation
import PhoneNumbers
import Testing

@Suite("Assigning by hand")
struct DeskTests {
    private static let other = "+14155550999"

    private static func desk(_ bench: AttributionBench) -> AttributionDesk {
        AttributionDesk(store: bench.store, timeZone: .gmt)
    }

    /// A campaign that reached nobody.
    private static func campaign(
        _ name: String,
        _ bench: AttributionBench
    ) async throws
        -> CampaignID
    {
        try await bench.store.write { try $0.add(NewCampaign(name: name, channel: .sms)) }
    }

    /// Four calls of one caller, a day apart, and one of somebody else, all decided.
    private static func calls(_ bench: AttributionBench) async throws -> [CallID] {
        var calls: [CallID] = []
        for day in Int64(0)..<4 {
            calls.append(
                try await bench.record("conv_\(day)") {
                    $0.startedUnix = Samples.noon + day * Samples.day
                }
            )
        }
        calls.append(
            try await bench.record("conv_other") { $0.caller = Samples.number(Self.other) }
        )
        try await bench.run(.calls(calls))
        return calls
    }

    private static func campaigns(
        _ calls: [CallID],
        _ bench: AttributionBench
    ) async throws -> [CampaignID?] {
        var campaigns: [CampaignID?] = []
        for call in calls { campaigns.append(try await bench.decision(call)?.campaign) }
        return campaigns
    }

    @Test("reaches this call, or also this caller's that no campaign is credited with")
    func scopes() async throws {
        try await AttributionBench.run { bench in
            let calls = try await Self.calls(bench)
            let spring = try await Self.campaign("Spring", bench)
            let recall = try await Self.campaign("Recall", bench)
            let desk = Self.desk(bench)
            let one = try await desk.assign(
                NewAssignment(call: calls[0], campaign: spring, person: "ana")
            )
            #expect(one.calls == [calls[0]])
            let all = try await desk.assign(
                NewAssignment(call: calls[1], campaign: recall, scope: .caller, person: "ben")
            )
            // The first is somebody's word already, the last is another caller's.
            #expect(all.calls == [calls[1], calls[2], calls[3]])
            let expected = [spring, recall, recall, recall, nil]
            #expect(try await Self.campaigns(calls, bench) == expected)
            try await bench.run(.range(fromUnix: 0, toUnix: .max, after: nil))
            #expect(try await Self.campaigns(calls, bench) == expected)
            let waiting = try await bench.store.unattributed(limit: 10)
            #expect(waiting.map(\.call) == [calls[4]])
        }
    }

    @Test("credits calls to come until the window ends, and no others")
    func future() async throws {
        try await AttributionBench.run { bench in
            let calls = try await Self.calls(bench)
            let spring = try await Self.campaign("Spring", bench)
            // Said in the evening of the fourth day.
            bench.clock.set(unix: Samples.noon + 3 * Samples.day + 6 * 3600)
            let receipt = try await Self.desk(bench).assign(
                NewAssignment(call: calls[0], campaign: spring, scope: .future, person: "ana")
            )
            #expect(receipt.calls == Array(calls.prefix(4)))
            // A text has 30 days, counted from the call, for no touch is known.
            let end = Samples.noon + 30 * Samples.day
            let ends: [(Int64, Bool)] = [(-1, true), (0, false)]
            for (offset, isCredited) in ends {
                let later = try await bench.record("conv_later_\(offset)") {
                    $0.startedUnix = end + offset
                }
                try await bench.run(.calls([later]))
                let decision = try #require(try await bench.decision(later))
                #expect(decision.campaign == (isCredited ? spring : nil))
                #expect(decision.method == (isCredited ? .manual : .none))
                let attribution = try #require(try await bench.store.call(later)?.attribution)
                #expect(attribution.decidedBy == (isCredited ? "ana" : "rule"))
            }
            let stranger = try await bench.record("conv_stranger") {
                $0.caller = Samples.number("+14155550998")
                $0.startedUnix = end - 1
            }
            try await bench.run(.calls([stranger]))
            #expect(try await bench.decision(stranger)?.campaign == nil)
        }
    }

    @Test("undoes all that one word reached, with two lines in each call's history")
    func undo() async throws {
        try await AttributionBench.run { bench in
            let calls = try await Self.calls(bench)
            let spring = try await Self.campaign("Spring", bench)
            let recall = try await Self.campaign("Recall", bench)
            bench.clock.set(unix: Samples.noon + 3 * Samples.day + 6 * 3600)
            let desk = Self.desk(bench)
            try await desk.assign(
                NewAssignment(call: calls[0], campaign: spring, scope: .future, person: "ana")
            )
            let later = try await bench.record("conv_later") {
                $0.startedUnix = Samples.noon + 10 * Samples.day
            }
            try await bench.run(.calls([later]))
            #expect(try await bench.decision(later)?.campaign == spring)
            // Somebody knows better of the third call.
            try await desk.assign(NewAssignment(call: calls[2], campaign: recall, person: "ben"))

            let done = try #require(try await desk.undoLast(of: calls[1], by: "cy"))
            #expect(done.undone.person == "ana")
            #expect(done.receipt.changedSince == 1)
            #expect(Set(done.receipt.calls) == [calls[0], calls[1], calls[3], later])
            try await bench.run(.open(after: nil))
            let now = try await Self.campaigns(calls + [later], bench)
            #expect(now == [nil, nil, recall, nil, nil, nil])
            let history = try await bench.store.attributionHistory(of: calls[1])
            #expect(history.map(\.by).prefix(2) == ["ana", "cy"])
            #expect(history.map(\.campaign).prefix(2) == [spring, nil])
            let again = try await desk.undoLast(of: calls[1], by: "cy")
            #expect(again == nil)
        }
    }

    @Test("gives back to the person before whose word was changed")
    func undoOfChange() async throws {
        try await AttributionBench.run { bench in
            let call = try await Self.calls(bench)[0]
            let spring = try await Self.campaign("Spring", bench)
            let recall = try await Self.campaign("Recall", bench)
            let desk = Self.desk(bench)
            try await desk.assign(
                NewAssignment(call: call, campaign: spring, person: "ana", note: "heard it")
            )
            try await desk.assign(NewAssignment(call: call, campaign: recall, person: "ben"))
            _ = try await desk.undoLast(of: call, by: "cy")
            let back = try #require(try await bench.store.call(call)?.attribution)
            #expect(back.isPinned)
            #expect(back.decision.campaign == spring)
            #expect(back.decidedBy == "ana")
            _ = try await desk.undoLast(of: call, by: "cy")
            let open = try #require(try await bench.store.call(call)?.attribution)
            #expect(!open.isPinned)
            #expect(open.decision.campaign == nil)
        }
    }

    @Test("takes a pin away as an action of its own, which can be undone as well")
    func release() async throws {
        try await AttributionBench.run { bench in
            let call = try await Self.calls(bench)[0]
            let spring = try await Self.campaign("Spring", bench)
            let desk = Self.desk(bench)
            #expect(try await desk.release(call, by: "ana") == nil)
            try await desk.assign(NewAssignment(call: call, campaign: spring, person: "ana"))
            let receipt = try #require(try await desk.release(call, by: "ben"))
            #expect(receipt.calls == [call])
            try await bench.run(.open(after: nil))
            #expect(try await bench.decision(call)?.reason == "no-recipient")
            _ = try await desk.undoLast(of: call, by: "cy")
            #expect(try await bench.decision(call)?.campaign == spring)
        }
    }

    @Test("says that a call is from no campaign, and it waits for nobody any more")
    func notFromACampaign() async throws {
        try await AttributionBench.run { bench in
            let calls = try await Self.calls(bench)
            let desk = Self.desk(bench)
            #expect(try await bench.store.unattributed(limit: 9).map(\.calls) == [4, 1])
            try await desk.assign(
                NewAssignment(call: calls[0], campaign: nil, scope: .caller, person: "ana")
            )
            let left = try await bench.store.unattributed(limit: 9)
            #expect(left.map(\.call) == [calls[4]])
            #expect(try await bench.store.unattributedCounts().map(\.calls) == [1])
            #expect(try await bench.decision(calls[0])?.reason == "not-from-a-campaign")
        }
    }

    @Test("does not know a withheld caller's other calls")
    func withheldScope() async throws {
        try await AttributionBench.run { bench in
            let call = try await bench.record("conv_1") {
                $0.caller = Samples.numberless(.withheld)
            }
            try await bench.run(.calls([call]))
            let desk = Self.desk(bench)
            await #expect(
                throws: StoreError.rejected(
                    reason: "the caller has no number by which other calls could be known"
                )
            ) {
                try await desk.assign(
                    NewAssignment(call: call, campaign: nil, scope: .caller, person: "ana")
                )
            }
            #expect(try await bench.store.assignments(limit: 9).isEmpty)
        }
    }

    @Test("pages through the callers who wait, the latest first, each once")
    func pages() async throws {
        try await AttributionBench.run { bench in
            for number in 0..<25 {
                try await bench.record("conv_\(number)") {
                    $0.caller =
                        number % 5 == 0
                        ? Samples.numberless(.withheld)
                        : Samples.number("+1415555\(3000 + number % 7)")
                    $0.startedUnix = Samples.noon + Int64(number)
                }
            }
            try await bench.run(.open(after: nil))
            let all = try await bench.store.unattributed(limit: 100)
            #expect(all.map(\.lastUnix) == all.map(\.lastUnix).sorted(by: >))
            #expect(all.reduce(0) { $0 + $1.calls } == 25)
            // Seven numbers, and each of five withheld calls for itself.
            #expect(all.count == 12)
            var paged: [UnattributedCaller] = []
            while true {
                let page = try await bench.store.unattributed(after: paged.last?.cursor, limit: 5)
                paged += page
                if page.count < 5 { break }
            }
            #expect(paged == all)
            let withheld = try await bench.store.unattributed(reason: "withheld", limit: 100)
            #expect(withheld.count == 5)
            #expect(withheld.allSatisfy { $0.caller == nil })
        }
    }

    @Test("tells a first-time caller as the store stands, also when an older call arrives")
    func firstTimeCaller() async throws {
        try await AttributionBench.run { bench in
            let call = try await bench.record("conv_1")
            let anonymous = try await bench.record("conv_2") {
                $0.caller = Samples.numberless(.withheld)
            }
            #expect(try await bench.store.isFirstTimeCaller(call) == true)
            #expect(try await bench.store.isFirstTimeCaller(anonymous) == nil)
            let older = try await bench.record("conv_0") {
                $0.startedUnix = Samples.noon - 40 * Samples.day
            }
            #expect(try await bench.store.isFirstTimeCaller(call) == false)
            #expect(try await bench.store.isFirstTimeCaller(older) == true)
            #expect(try await bench.store.isFirstTimeCaller(call, lookBackDays: 30) == true)
        }
    }
}
