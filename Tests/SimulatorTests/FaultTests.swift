import Foundation
import NIOCore
import Simulator
import Testing

@Suite("the misbehaving upstream")
struct FaultTests {
    @Test("does nothing unless told to")
    func well() {
        let fixture = Fixture(calls: 50)
        for _ in 0..<300 {
            let reply = fixture.get("/v1/convai/conversations")
            #expect(reply.status == 200 && reply.delay == .zero && reply.cutAfter == nil)
        }
    }

    @Test(
        "lets every target through after a bounded number of tries",
        arguments: FaultMode.allCases
    )
    func bounded(mode: FaultMode) throws {
        for seed in UInt64(1)...3 {
            let fixture = Fixture(seed: seed, calls: 80, faults: mode)
            for row in try fixture.rows("/_truth/conversations") {
                let target = "/v1/convai/conversations/\(try text(row, "id"))"
                var failures = 0
                while fixture.get(target).isBroken { failures += 1 }
                #expect(failures <= FaultProfile(mode).failuresInARowMax, "seed \(seed)")
            }
        }
    }

    @Test("shows every kind of failure, and counts what it does")
    func kinds() throws {
        let fixture = Fixture(calls: 4, faults: .flaky)
        var seen: [String: Int] = [:]
        var shapes: Set<String> = []
        var hints: Set<Bool> = []
        for page in 0..<600 {
            // Another target each time, so that the bound on failures in a row plays no part.
            let reply = fixture.get("/v1/convai/conversations?page=\(page)")
            if let name = reply.faultName { seen[name, default: 0] += 1 }
            guard reply.status >= 400 else { continue }
            let detail = try #require(try reply.detail as? [String: Any])
            shapes.insert(detail["code"] == nil ? "old" : "new")
            if reply.status == 429 {
                hints.insert(reply.headers.contains { $0.name == "retry-after" })
            }
        }
        #expect(Set(seen.keys) == ["429", "500", "503", "slow", "cut"])
        #expect(shapes == ["old", "new"] && hints == [true, false])
        let injected = try object(try fixture.object("/_truth/faults"), "injected")
        let refused = ["concurrent_limit_429", "rate_limit_429"].map { injected[$0] as? Int ?? 0 }
        #expect(refused.allSatisfy { $0 > 0 })
        #expect(refused.reduce(0, +) == seen["429"])
        #expect(injected["status_500"] as? Int == seen["500"])
        #expect(injected["status_503"] as? Int == seen["503"])
        #expect(injected["slow"] as? Int == seen["slow"])
        #expect(injected["cut_short"] as? Int == seen["cut"])
    }

    @Test("changes its mode at run time and never spoils the truth")
    func changes() throws {
        let fixture = Fixture(calls: 200)
        let calm = fixture.get("/_truth/conversations").bytes
        #expect(fixture.request("POST", "/_truth/faults", #"{"mode":"hostile"}"#).status == 200)
        #expect(fixture.simulation.faults.profile == FaultProfile(.hostile))
        for _ in 0..<50 { #expect(fixture.get("/_truth/faults").status == 200) }
        #expect(fixture.request("POST", "/_truth/faults", #"{"mode":"none"}"#).status == 200)
        #expect(fixture.get("/_truth/conversations").bytes == calm)
        #expect(fixture.request("POST", "/_truth/faults", #"{"mode":"odd"}"#).status == 422)
        #expect(fixture.request("POST", "/_truth/faults", "odd").status == 422)
    }

    @Test("the hostile one adds what no schema knows and says which rows are malformed")
    func hostile() throws {
        let fixture = Fixture(seed: 2, calls: 400, faults: .hostile)
        fixture.settleLateCalls()
        let truth = try fixture.rows("/_truth/conversations")
        #expect(truth.count == 400)
        let malformed = Set(
            truth.filter { $0["malformed"] as? Bool == true }.compactMap { $0["id"] as? String }
        )
        var broken: Set<String> = []
        var extra = 0
        for row in truth {
            let id = try text(row, "id")
            let detail = try fixture.patientObject("/v1/convai/conversations/\(id)")
            let metadata = try object(detail, "metadata")
            if !(metadata["start_time_unix_secs"] is Int) { broken.insert(id) }
            if detail["moon_phase"] != nil { extra += 1 }
        }
        #expect(broken == malformed && !broken.isEmpty)
        #expect(extra > 50)
    }

    @Test("calls appear in the middle of a walk, none comes twice, and later walks have all")
    func insertions() throws {
        let fixture = Fixture(
            seed: 2,
            calls: 400,
            with: [FaultSetting(.insertCalls), FaultSetting(.refuse), FaultSetting(.cutShort)]
        )
        let first = try fixture.patientWalk()
        fixture.settleLateCalls()
        let last = try fixture.patientWalk()
        #expect(first.count < last.count && last.count == 400)
        #expect(Set(first).count == first.count && Set(last).count == last.count)
        #expect(Set(first).isSubset(of: Set(last)))
    }

    @Test("refuses more requests at a time than it can bear, and takes them again afterwards")
    func parallel() throws {
        let box = FaultBox(seed: 1, profile: FaultProfile(.flaky))
        let parallelMax = Int(FaultName.parallelLimit.usual)
        for number in 0..<parallelMax { _ = box.begin("/\(number)") }
        let refusal = try #require(box.begin("/more"))
        #expect(
            refusal == .rateLimited(concurrent: true, oldStyle: false, retryAfterSeconds: nil)
        )
        for _ in 0...parallelMax { box.end() }
        let later = (0..<20).map { number in
            defer { box.end() }
            return box.begin("/later/\(number)") == nil
        }
        #expect(later.contains(true))
    }
}

extension APIReply {
    var isBroken: Bool { status >= 400 || cutAfter != nil }

    /// Whether a client can read it: whole, and UTF-8.
    var isUsable: Bool { !isBroken && String(data: bytes, encoding: .utf8) != nil }

    fileprivate var faultName: String? {
        if status >= 400 { return String(status) }
        if cutAfter != nil { return "cut" }
        return delay > .zero ? "slow" : nil
    }
}

extension Fixture {
    /// Tries again as often as the upstream may fail.
    func patient(_ target: String) -> APIReply {
        var reply = get(target)
        for _ in 0..<FaultProfile(.hostile).failuresInARowMax where reply.isUsable == false {
            reply = get(target)
        }
        return reply
    }

    func patientObject(_ target: String) throws -> [String: Any] {
        try patient(target).object
    }

    /// Identifiers of all pages, oldest first.
    fileprivate func patientWalk() throws -> [String] {
        var identifiers: [String] = []
        var cursor = ""
        while true {
            let page = try patientObject(
                "/v1/convai/conversations?sort_direction=asc&page_size=50\(cursor)"
            )
            identifiers += try objects(page, "conversations").map {
                try text($0, "conversation_id")
            }
            guard page["has_more"] as? Bool == true else { return identifiers }
            cursor = "&cursor=" + (try text(page, "next_cursor"))
        }
    }

    /// Asks for so many pages that every late call has appeared.
    fileprivate func settleLateCalls() {
        for page in 0..<400 { _ = get("/v1/convai/conversations?page_size=1&page=\(page)") }
    }
}
