import Foundation
import Simulator
import Testing

@Suite("calls live")
struct LifeCycleTests {
    /// The statuses a call may go through, in order.
    private static let order = ["initiated", "in-progress", "processing", "done", "failed"]

    @Test("all historical calls are over at the anchor unless asked otherwise")
    func quiet() throws {
        for seed in UInt64(1)...8 {
            let fixture = Fixture(seed: seed, calls: 300, days: 2)
            let statuses = Set(
                try fixture.rows("/_truth/conversations").map { try text($0, "status") }
            )
            #expect(statuses.isSubset(of: ["done", "failed"]), "seed \(seed)")
        }
    }

    @Test("all starts lie between the days before the anchor and the anchor")
    func starts() throws {
        for days in [1, 3, 30, 400] {
            let fixture = Fixture(calls: 500, days: days, unfinished: 7)
            let starts = try fixture.rows("/_truth/conversations").map {
                try number($0, "startedUnix")
            }
            #expect(starts.count == 500 && starts == starts.sorted())
            let first = Fixture.anchor - days * 86_400 + 3_600
            #expect(starts.allSatisfy { (first...Fixture.anchor).contains($0) })
        }
    }

    @Test("unfinished calls end within two minutes; one fails and one never ends")
    func unfinished() throws {
        let fixture = Fixture(seed: 4, calls: 200, unfinished: 20)
        func statuses() throws -> [String] {
            try fixture.rows("/_truth/conversations").suffix(20).map { try text($0, "status") }
        }
        var before = try statuses()
        #expect(before.allSatisfy { $0 != "done" && $0 != "failed" })
        for second in stride(from: 1, through: 130, by: 2) {
            fixture.wall.set(Fixture.anchor + second)
            let now = try statuses()
            for (old, new) in zip(before, now) {
                let oldRank = try #require(Self.order.firstIndex(of: old))
                let newRank = try #require(Self.order.firstIndex(of: new))
                #expect(oldRank <= newRank, "\(old) became \(new)")
            }
            before = now
        }
        #expect(before.count { $0 == "done" || $0 == "failed" } == 19)
        #expect(before.contains("failed") && before.contains("in-progress"))
        fixture.wall.set(Fixture.anchor + 30 * 86_400)
        #expect(try statuses().contains("in-progress"))
    }

    @Test("a record shows only what is known in its state")
    func states() throws {
        let fixture = Fixture(seed: 8, calls: 100, liveEvery: 3, unfinished: 30)
        var seen: Set<String> = []
        for second in stride(from: 0, through: 300, by: 30) {
            fixture.wall.set(Fixture.anchor + second)
            for item in try fixture.walk("page_size=100").prefix(100) {
                let detail = try fixture.detail(try text(item, "conversation_id"))
                let status = try text(detail, "status")
                seen.insert(status)
                try check(status, item, detail)
            }
        }
        #expect(seen == ["initiated", "in-progress", "processing", "done", "failed"])
    }

    private func check(
        _ status: String,
        _ item: [String: Any],
        _ detail: [String: Any]
    ) throws {
        let metadata = try object(detail, "metadata")
        let duration = try number(metadata, "call_duration_secs")
        let accepted = metadata["accepted_time_unix_secs"]
        #expect(item["status"] as? String == status)
        #expect(try number(item, "call_duration_secs") == duration)
        #expect((detail["analysis"] is NSNull) == (status != "done"))
        #expect((metadata["cost"] is NSNull) == (status != "done" && status != "failed"))
        #expect((item["cost"] is NSNull) == (metadata["cost"] is NSNull))
        switch status {
        case "initiated":
            #expect(accepted is NSNull && duration == 0)
            #expect(try objects(detail, "transcript").isEmpty)
        case "in-progress":
            #expect(accepted is Int && duration == 0)
            #expect(try objects(detail, "transcript").isEmpty)
            #expect(detail["has_audio"] as? Bool == false)
        case "processing":
            #expect(accepted is Int && duration > 0)
            #expect(try !objects(detail, "transcript").isEmpty)
        case "done":
            #expect(accepted is Int && duration > 0)
        default:
            // Broken off in the middle, or never picked up.
            #expect(metadata["error"] is [String: Any] || accepted is NSNull)
        }
        if status != "done" { #expect(item["call_successful"] as? String == "unknown") }
    }

    @Test("live calls start on their second and are found by their start")
    func live() throws {
        let fixture = Fixture(calls: 50, liveEvery: 7)
        fixture.wall.set(Fixture.anchor + 6)
        #expect(try fixture.walk().count == 50)
        fixture.wall.set(Fixture.anchor + 7)
        #expect(try fixture.walk().count == 51)
        fixture.wall.set(Fixture.anchor + 700)
        let after = Fixture.anchor + 350
        let items = try fixture.walk("page_size=100&call_start_after_unix=\(after)")
        let starts = try items.map { try number($0, "start_time_unix_secs") }.sorted()
        #expect(starts == (50...100).map { Fixture.anchor + $0 * 7 })
    }
}
