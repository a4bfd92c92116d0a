import CallJobs
import CallStore
import ElevenLabs
import Foundation
import JobQueue
import JobWorker
import PhoneNumbers
import Testing

@Suite("Walking through the list")
struct WalkTests {
    typealias Conversation = ScriptedUpstream.Conversation

    /// Calls one minute apart, the last one a minute before the bench's now.
    static func calls(_ count: Int) -> [Conversation] {
        (1...count).map { number in
            let age = Int64(count - number + 1) * 60
            return Conversation("conv_\(number)", at: SyncBench.start - age)
        }
    }

    @Test("brings every call of every page, once, and moves the mark", arguments: [1, 3, 10, 100])
    func bringsAll(pageSize: Int) async throws {
        try await SyncBench.run(Self.calls(10), pageSize: pageSize) { bench in
            let ends = try await bench.drain(.recent)
            #expect(ends.allSatisfy { $0 == .committed })
            let counts = try await bench.store.counts()
            #expect(counts.total == 10)
            #expect(counts.done == 10)
            #expect(counts.lastPollMilliseconds == (SyncBench.start - 5) * 1000)
            #expect(bench.upstream.detailRequests.sorted() == Self.calls(10).map(\.id).sorted())
        }
    }

    @Test("records what list and detail tell")
    func recordsBoth() async throws {
        try await SyncBench.run(Self.calls(1)) { bench in
            try await bench.drain(.recent)
            let call = try #require(try await bench.call("conv_1"))
            #expect(call.hasDetail)
            #expect(call.record.caller?.e164?.text == "+14155550123")
            #expect(call.record.agentNumber?.e164?.text == "+14155550100")
            #expect(call.record.channel == .phone)
            #expect(call.record.direction == .inbound)
            #expect(call.record.rating == 4)
            #expect(call.record.summary == "A call.")
            #expect(
                call.transcript.map(\.message) == [
                    "Hello.", "I would like to book.", "Tomorrow.",
                ]
            )
            #expect(call.transcript.map(\.speaker) == [.agent, .caller, .caller])
            #expect(call.transcript.map(\.secondsIn) == [0, 3, 6])
            let raw = try await bench.store.rawBody(
                .detail,
                of: CallIdentity(conversationID: "conv_1")
            )
            #expect(raw?.unreadableReason == nil)
            #expect(raw?.body.isEmpty == false)
        }
    }

    @Test("has new and changed calls credited and judged, and unchanged ones not")
    func addsFollowers() async throws {
        try await SyncBench.run(Self.calls(3)) { bench in
            try await bench.drain(.recent)
            #expect(try await bench.payloads(.attribution) == [#"{"calls":[1,2,3]}"#])
            #expect(try await bench.payloads(.conversion) == [#"{"calls":[1,2,3]}"#])
            bench.upstream.forgetRequests()
            bench.upstream.change("conv_2") { $0.title = "Another title" }
            bench.clock.unix += 900
            try await bench.drain(.recent)
            #expect(bench.upstream.detailRequests == ["conv_2"])
            let jobs = try await bench.payloads(.attribution)
            #expect(jobs.sorted() == [#"{"call":2}"#, #"{"calls":[1,2,3]}"#])
        }
    }

    @Test("goes on where it was after a crash before each commit")
    func survivesCrashes() async throws {
        try await SyncBench.run(Self.calls(9), pageSize: 2) { bench in
            var next: [Job] = [try bench.job(.recent)]
            var steps = 0
            while let job = next.first {
                // The first delivery dies before its commit; the second one repeats it.
                _ = try await bench.result(of: job)
                #expect(try await bench.attempt(job) == .committed)
                // A third delivery after the commit finds the ledger's row.
                if case .done(let change) = try await bench.result(of: job) {
                    #expect(try await bench.commit(change, of: job) == .committed)
                }
                steps += 1
                next = try await bench.waiting()
                #expect(next.count <= 1)
            }
            #expect(steps == 5)
            let counts = try await bench.store.counts()
            #expect(counts.total == 9)
            #expect(counts.lastPollMilliseconds == (SyncBench.start - 5) * 1000)
        }
    }

    @Test("misses no call when others are added during the walk")
    func survivesInserts() async throws {
        try await SyncBench.run(Self.calls(20), pageSize: 4) { bench in
            bench.upstream.change { state in
                state.beforePage = { number, conversations in
                    // One among those read already, one among those to come.
                    let early = Conversation("early_\(number)", at: SyncBench.start - 3600)
                    let late = Conversation("late_\(number)", at: SyncBench.start - 30)
                    conversations += [early, late]
                }
            }
            try await bench.drain(.recent)
            for number in 1...20 {
                #expect(try await bench.call("conv_\(number)") != nil)
            }
            bench.upstream.change { $0.beforePage = nil }
            bench.clock.unix += 60
            try await bench.drain(.recent)
            let truth = bench.upstream.count(before: bench.clock.unix - 5)
            #expect(try await bench.store.counts().total == truth)
        }
    }

    @Test("goes on by time when the upstream takes its cursor no more")
    func resumesByTime() async throws {
        try await SyncBench.run(Self.calls(10), pageSize: 3) { bench in
            let first = try bench.job(.recent)
            #expect(try await bench.attempt(first) == .committed)
            bench.upstream.change { $0.refusesCursors = true }
            let second = try #require(try await bench.waiting().first)
            #expect(try await bench.attempt(second) == .committed)
            bench.upstream.change { $0.refusesCursors = false }
            while let next = try await bench.waiting().first {
                #expect(try await bench.attempt(next) == .committed)
            }
            let counts = try await bench.store.counts()
            #expect(counts.total == 10)
            #expect(counts.lastPollMilliseconds == (SyncBench.start - 5) * 1000)
            #expect(bench.upstream.detailRequests.count == 10)
        }
    }

    @Test("leaves calls of the last seconds to the next poll")
    func leavesTheNewest() async throws {
        let young = [-6, -5, -4, 0].map { offset in
            Conversation("at_\(offset)", at: SyncBench.start + Int64(offset))
        }
        try await SyncBench.run(young) { bench in
            try await bench.drain(.recent)
            let counts = try await bench.store.counts()
            #expect(counts.total == 1)
            #expect(counts.lastPollMilliseconds == (SyncBench.start - 5) * 1000)
            bench.clock.unix += 60
            try await bench.drain(.recent)
            #expect(try await bench.store.counts().total == 4)
        }
    }

    @Test("starts no second walk while one is under way, and takes over a dead one")
    func keepsOneWalk() async throws {
        try await SyncBench.run(Self.calls(6), pageSize: 2) { bench in
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            let abandoned = try #require(try await bench.waiting().first)
            let second = try await bench.attempt(try bench.job(.recent))
            #expect(second == .discard("the walk before it is still under way"))
            bench.clock.unix += 16 * 60
            #expect(try await bench.attempt(try bench.job(.recent)) == .committed)
            #expect(try await bench.attempt(abandoned) == .discard("a later walk has taken over"))
        }
    }

    @Test("closes the gap of an absence with the next frequent poll")
    func closesGaps() async throws {
        try await SyncBench.run(Self.calls(2)) { bench in
            try await bench.drain(.recent)
            let absence: Int64 = 9 * 3600
            bench.upstream.change { state in
                state.conversations.append(Conversation("missed", at: SyncBench.start + 600))
            }
            bench.clock.unix += absence
            try await bench.drain(.recent)
            #expect(try await bench.call("missed") != nil)
            let mark = try await bench.store.mark(.lastPoll)
            #expect(mark == (SyncBench.start + absence - 5) * 1000)
        }
    }

    @Test("moves the mark only where nothing before it can be missing")
    func movesMarkWithCare() async throws {
        try await SyncBench.run(Self.calls(2)) { bench in
            let hour = SyncRange(fromUnix: SyncBench.start - 3600, toUnix: SyncBench.start)
            try await bench.drain(.range(hour))
            #expect(try await bench.store.mark(.lastPoll) == nil)
            let month = SyncRange(
                fromUnix: SyncBench.start - 30 * 86_400,
                toUnix: SyncBench.start
            )
            try await bench.drain(.range(month))
            #expect(try await bench.store.mark(.lastPoll) == (SyncBench.start - 5) * 1000)
            bench.clock.unix += 3 * 3600
            let recent = SyncRange(fromUnix: bench.clock.unix - 3600, toUnix: bench.clock.unix)
            try await bench.drain(.range(recent))
            #expect(try await bench.store.mark(.lastPoll) == (SyncBench.start - 5) * 1000)
            try await bench.drain(.last(seconds: 48 * 3600))
            #expect(try await bench.store.mark(.lastPoll) == (bench.clock.unix - 5) * 1000)
        }
    }

    @Test("asks for one agent's calls of a past range, and widens its edges")
    func readsRanges() async throws {
        try await SyncBench.run(Self.calls(10)) { bench in
            let range = SyncRange(
                fromUnix: SyncBench.start - 300,
                toUnix: SyncBench.start - 120,
                agentID: "agent_1"
            )
            try await bench.drain(.range(range))
            let query = try #require(bench.upstream.queries.first)
            #expect(query.agentID == "agent_1")
            #expect(query.startedAfterUnix == SyncBench.start - 305)
            #expect(query.startedBeforeUnix == SyncBench.start - 115)
            #expect(query.order == .ascending)
            #expect(try await bench.store.mark(.lastPoll) == nil)
            #expect(try await bench.store.counts().total == 4)
        }
    }

    @Test("refuses a range that has not begun")
    func refusesTheFuture() async throws {
        try await SyncBench.run { bench in
            let range = SyncRange(fromUnix: SyncBench.start + 10, toUnix: SyncBench.start + 20)
            let end = try await bench.attempt(try bench.job(.range(range)))
            #expect(end == .discard("the range lies in the future"))
        }
    }

    @Test("waits for a range that has only just begun")
    func waitsForTheBeginning() async throws {
        try await SyncBench.run { bench in
            let range = SyncRange(fromUnix: SyncBench.start - 2, toUnix: SyncBench.start + 20)
            let end = try await bench.attempt(try bench.job(.range(range)))
            #expect(end == .snooze(.seconds(4)))
        }
    }
}

extension ScriptedUpstream {
    /// How many conversations started before an instant.
    func count(before unix: Int64) -> Int {
        var count = 0
        change { state in count = state.conversations.filter { $0.startedUnix < unix }.count }
        return count
    }
}
