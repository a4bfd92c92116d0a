import Ambient
import Foundation
import JobQueue
import Logging
import NIOPosix
import RedisClient
import RedisQueue
import TestSupport
import Testing

@Suite("The upstream budget in Redis")
struct BudgetTests {
    @Test("gives out as many permits as the ceiling, over all processes")
    func sharesTheCeiling() async throws {
        try await BudgetFixture.run(ceiling: 3) { fixture in
            let first = try await fixture.permit(0)
            _ = try await fixture.permit(1)
            _ = try await fixture.permit(0)
            #expect(try await fixture.wait(0) != nil)
            #expect(try await fixture.wait(1) != nil)
            #expect(try await fixture.state().inFlight == 3)
            try await fixture.release(first, .succeeded)
            #expect(try await fixture.wait(1) == nil)
            let expected = BudgetState(
                parallel: 3,
                ceiling: 3,
                inFlight: 2,
                quietUntilMilliseconds: nil
            )
            #expect(try await fixture.state() == expected)
        }
    }

    @Test("halves the parallelism once for a whole burst of refusals")
    func onceForEachBurst() async throws {
        try await BudgetFixture.run(ceiling: 8) { fixture in
            var permits: [BudgetPermit] = []
            for view in 0..<8 { permits.append(try await fixture.permit(view % 2)) }
            for (index, permit) in permits.enumerated() {
                let feedback: BudgetFeedback =
                    index.isMultiple(of: 3)
                    ? .rateLimited(retryAfter: .zero) : .concurrencyLimited(retryAfter: nil)
                try await fixture.release(permit, feedback, view: index % 2)
                #expect(try await fixture.state().parallel == 4)
            }
        }
    }

    @Test("halves it again for a refusal after the decrease, but never below one")
    func downToOne() async throws {
        try await BudgetFixture.run(ceiling: 8) { fixture in
            for expected in [4, 2, 1, 1, 1] {
                let permit = try await fixture.permit()
                try await fixture.release(permit, .concurrencyLimited(retryAfter: .zero))
                #expect(try await fixture.state().parallel == expected)
            }
        }
    }

    @Test("keeps everybody quiet for as long as the upstream asked", arguments: [0, 1])
    func honoursRetryAfter(view: Int) async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            let early = try await fixture.permit()
            let permit = try await fixture.permit()
            try await fixture.release(permit, .rateLimited(retryAfter: .seconds(600)))
            let wait = try #require(try await fixture.wait(view))
            #expect(wait > .seconds(590) && wait < .seconds(601))
            #expect(try await fixture.state(view).quietUntilMilliseconds != nil)
            // Another of the same burst may ask for more time, and none for less.
            try await fixture.release(early, .rateLimited(retryAfter: .seconds(900)))
            #expect(try #require(try await fixture.wait(view)) > .seconds(890))
            try await fixture.endQuiet()
            #expect(try await fixture.wait(view) == nil)
        }
    }

    @Test("waits no longer than the limit, whatever the upstream says")
    func capsRetryAfter() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            let permit = try await fixture.permit()
            try await fixture.release(permit, .rateLimited(retryAfter: .seconds(1_000_000)))
            let wait = try #require(try await fixture.wait())
            #expect(wait > .seconds(3590) && wait < .seconds(3601))
        }
    }

    @Test("backs off twice as long with each refusal that names no time, with jitter")
    func backsOff() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            for seconds in [1000, 2000, 3600, 3600] {
                let permit = try await fixture.permit()
                try await fixture.release(permit, .rateLimited(retryAfter: nil))
                let wait = try #require(try await fixture.wait())
                #expect(wait > .seconds(seconds / 2 - 10) && wait < .seconds(seconds + 1))
                try await fixture.endQuiet()
            }
            // A success ends the row of refusals.
            try await fixture.release(try await fixture.permit(), .succeeded)
            try await fixture.release(try await fixture.permit(), .rateLimited(retryAfter: nil))
            #expect(try #require(try await fixture.wait()) < .seconds(1001))
        }
    }

    @Test("slows down when one request at a time is still one too many")
    func concurrencyAtOne() async throws {
        try await BudgetFixture.run(ceiling: 2) { fixture in
            try await fixture.release(
                try await fixture.permit(),
                .concurrencyLimited(retryAfter: nil)
            )
            #expect(try await fixture.wait() == nil)
            try await fixture.release(
                try await fixture.permit(),
                .concurrencyLimited(retryAfter: nil)
            )
            #expect(try #require(try await fixture.wait()) > .seconds(490))
        }
    }

    @Test("rises by one after a window of successes, up to the ceiling")
    func rises() async throws {
        try await BudgetFixture.run(ceiling: 3) { fixture in
            for _ in 0..<2 {
                let permit = try await fixture.permit()
                try await fixture.release(permit, .rateLimited(retryAfter: .zero))
            }
            // 4 successes for each permit: 4 from one to two, 8 from two to three.
            for count in 1...20 {
                try await fixture.release(try await fixture.permit(), .succeeded, view: count % 2)
                let expected = count < 4 ? 1 : count < 12 ? 2 : 3
                #expect(try await fixture.state().parallel == expected, "after \(count)")
            }
        }
    }

    @Test("does not rise by successes of requests from before the decrease")
    func oldSuccesses() async throws {
        try await BudgetFixture.run(ceiling: 8) { fixture in
            var permits: [BudgetPermit] = []
            for _ in 0..<8 { permits.append(try await fixture.permit()) }
            for _ in 0..<3 {
                try await fixture.release(
                    permits.removeLast(),
                    .concurrencyLimited(retryAfter: nil)
                )
            }
            for permit in permits { try await fixture.release(permit, .succeeded) }
            let successes = try await fixture.client.send(
                RedisCommand("HGET", "\(fixture.tag):state", "successes")
            )
            #expect(successes == .bytes(Array("0".utf8)))
        }
    }

    @Test("takes a permit back when its lease ends, and ignores what comes late")
    func expires() async throws {
        try await BudgetFixture.run(ceiling: 1) { fixture in
            let dead = try await fixture.permit()
            #expect(try await fixture.wait() != nil)
            try await fixture.expire(dead)
            #expect(try await fixture.state().inFlight == 0)
            let alive = try await fixture.permit(1)
            try await fixture.release(dead, .rateLimited(retryAfter: .seconds(600)))
            #expect(try await fixture.state().quietUntilMilliseconds == nil)
            #expect(try await fixture.state().inFlight == 1)
            try await fixture.release(alive, .succeeded)
            #expect(try await fixture.state().inFlight == 0)
        }
    }

    @Test("takes the permit of a cancelled task back at once")
    func cancelledRelease() async throws {
        try await BudgetFixture.run(ceiling: 1) { fixture in
            let permit = try await fixture.permit()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask { try await fixture.release(permit, .unused) }
                try await group.waitForAll()
            }
            #expect(try await fixture.state().inFlight == 0)
        }
    }

    @Test("takes back what was granted to a task that was cancelled meanwhile")
    func cancelledAcquire() async throws {
        try await BudgetFixture.run(ceiling: 1) { fixture in
            let deaf = RedisUpstreamBudget(
                name: try fixture.name,
                ceiling: 1,
                redis: DeafExecutor(client: fixture.client),
                ambient: .live(seed: 2)
            )
            await #expect(throws: QueueError.cancelled) { try await deaf.acquire() }
            #expect(try await fixture.state().inFlight == 0)
            #expect(try await fixture.wait() == nil)
        }
    }

    @Test("permits of the dead are back after a lease, however the clock was set")
    func clockWentBack() async throws {
        try await BudgetFixture.run(ceiling: 1) { fixture in
            let dead = try await fixture.permit()
            try await fixture.expire(dead, at: 9_999_999_999_999)
            #expect(try await fixture.wait() != nil)
            #expect(try await fixture.expiry(of: dead) < 9_000_000_000_000)
        }
    }

    @Test("a cancelled acquire says so, also where its permit cannot be given back at once")
    func cancelledTwice() async throws {
        try await BudgetFixture.run(ceiling: 8) { fixture in
            var executor = DeafExecutor(client: fixture.client)
            executor.isMute = true
            let deaf = RedisUpstreamBudget(
                name: try fixture.name,
                ceiling: 8,
                redis: executor,
                ambient: .live(seed: 2)
            )
            await #expect(throws: QueueError.cancelled) { try await deaf.acquire() }
        }
    }

    @Test("gives back, with the next call, what was granted and not heard of")
    func unheardAcquire() async throws {
        try await BudgetFixture.run(ceiling: 8) { fixture in
            let deaf = RedisUpstreamBudget(
                name: try fixture.name,
                ceiling: 8,
                redis: DeafExecutor(client: fixture.client, error: .timeout),
                ambient: .live(seed: 2)
            )
            for _ in 0..<4 {
                await #expect(throws: QueueError.unavailable(reason: "no answer in time")) {
                    try await deaf.acquire()
                }
                #expect(try await fixture.state().inFlight == 1)
            }
        }
    }

    @Test("counts a repeated release once")
    func releasesTwice() async throws {
        try await BudgetFixture.run(ceiling: 8) { fixture in
            let permit = try await fixture.permit()
            for _ in 0..<3 {
                try await fixture.release(permit, .rateLimited(retryAfter: .zero))
            }
            #expect(try await fixture.state().parallel == 4)
        }
    }

    @Test(
        "learns nothing from requests that failed or were not made",
        arguments: [BudgetFeedback.failed(), .unused]
    )
    func neutral(feedback: BudgetFeedback) async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            let before = try await fixture.state()
            try await fixture.release(try await fixture.permit(), feedback)
            #expect(try await fixture.state() == before)
        }
    }

    @Test("obeys a ceiling that was lowered since")
    func loweredCeiling() async throws {
        try await BudgetFixture.run(ceiling: 4) { fixture in
            let lower = RedisUpstreamBudget(
                name: try fixture.name,
                ceiling: 2,
                redis: fixture.client,
                ambient: .live(seed: 2)
            )
            _ = try await fixture.permit()
            _ = try await fixture.permit()
            let answer = try await lower.acquire()
            guard case .wait = answer else {
                Issue.record("granted a third permit of two")
                return
            }
            #expect(try await lower.state().parallel == 2)
        }
    }

    @Test("works on while the memory is full")
    func memoryFull() async throws {
        var options = PrivateRedisOptions()
        options.memoryMaxBytes = 4 * 1024 * 1024
        let server = try await PrivateRedis.start(options)
        try await BudgetFixture.run(ceiling: 4, server: server) { fixture in
            let before = try await fixture.permit()
            var fillers = 0
            filling: while fillers < 1000 {
                fillers += 1
                do {
                    _ = try await fixture.client.send(
                        RedisCommand([
                            Array("SET".utf8), Array("filler:\(fillers)".utf8),
                            [UInt8](repeating: 7, count: 64 * 1024),
                        ])
                    )
                } catch RedisError.server(.outOfMemory) {
                    break filling
                }
            }
            #expect(fillers < 1000, "the memory never got full")
            try await fixture.release(before, .rateLimited(retryAfter: .zero))
            #expect(try await fixture.state().parallel == 2)
            let after = try await fixture.permit(1)
            try await fixture.release(after, .succeeded)
        }
        await server.kill()
    }

    @Test("agrees with its model over random histories", arguments: Seeds.first(40))
    func agreesWithModel(seed: UInt64) async throws {
        var random = Seeded(seed: seed)
        let ceiling = Int.random(in: 1...6, using: &random)
        try await BudgetFixture.run(ceiling: ceiling, seed: seed) { fixture in
            var model = BudgetModel(ceiling: ceiling)
            var history: [String] = []
            for _ in 0..<120 {
                history.append(try await step(fixture, &model, &random))
                let state = try await fixture.state(Int.random(in: 0...1, using: &random))
                #expect(
                    state.parallel == model.parallel && state.inFlight == model.permits.count
                        && (state.quietUntilMilliseconds != nil) == model.isQuiet
                        && state.openings == model.openings && state.circuit == model.circuit,
                    "\(Seeds.replay(seed, filter: "BudgetTests")) after \(history.suffix(12))"
                )
            }
        }
    }

    private func step(
        _ fixture: BudgetFixture,
        _ model: inout BudgetModel,
        _ random: inout Seeded
    ) async throws -> String {
        let view = Int.random(in: 0...1, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9:
            let answer = try await fixture.budgets[view].acquire()
            guard case .granted(let permit) = answer else {
                #expect(!model.mayGrant, "refused although there was room")
                return "refused"
            }
            #expect(model.mayGrant, "granted although there was no room")
            model.permits.append((permit, model.epoch))
            if model.openings > 0 { model.probe = permit }
            return "granted"
        case 9 where !model.permits.isEmpty:
            let index = model.permits.indices.randomElement(using: &random) ?? 0
            try await fixture.expire(model.permits.remove(at: index).permit)
            return "expired"
        case 10:
            try await fixture.endQuiet()
            model.isQuiet = false
            return "quiet ended"
        default:
            guard let index = model.permits.indices.randomElement(using: &random) else {
                return "nothing to release"
            }
            let (permit, epoch) = model.permits.remove(at: index)
            let feedback: BudgetFeedback =
                switch Int.random(in: 0..<14, using: &random) {
                case 0: .rateLimited(retryAfter: nil)
                case 1: .concurrencyLimited(retryAfter: nil)
                case 2: .rateLimited(retryAfter: .seconds(3000))
                case 3: .failed(retryAfter: .seconds(3000))
                case 4: .unused
                case 5..<9: .failed()
                default: .succeeded
                }
            try await fixture.release(permit, feedback, view: view)
            model.learn(feedback, of: permit, grantedIn: epoch)
            return "\(feedback)"
        }
    }
}

/// The rules of the budget, told again in Swift.
private struct BudgetModel {
    let ceiling: Int
    var parallel: Int
    var successes = 0
    var failures = 0
    var epoch = 0
    var openings = 0
    var isQuiet = false
    var probe: BudgetPermit?
    var permits: [(permit: BudgetPermit, epoch: Int)] = []

    init(ceiling: Int) {
        self.ceiling = ceiling
        parallel = ceiling
    }

    var circuit: BudgetState.Circuit {
        openings == 0 ? .closed : isQuiet ? .open : .halfOpen
    }

    var mayGrant: Bool {
        let isProbeOut = openings > 0 && permits.contains { $0.permit == probe }
        return !isQuiet && !isProbeOut && permits.count < parallel
    }

    mutating func learn(
        _ feedback: BudgetFeedback,
        of permit: BudgetPermit,
        grantedIn epoch: Int
    ) {
        let isProbe = probe == permit
        let isPresent = epoch == self.epoch
        switch feedback {
        case .unused: break
        case .failed(let after):
            guard isPresent else { break }
            failures += 1
            if after != nil || isProbe || failures >= 5 { open() }
        case .succeeded:
            if isProbe { openings = 0 }
            guard isPresent else { break }
            failures = 0
            successes += 1
            if parallel == ceiling {
                successes = 0
            } else if successes >= 4 * parallel {
                parallel += 1
                successes = 0
            }
        case .concurrencyLimited(let after):
            refused(after, needsQuiet: parallel == 1 || isProbe, isPresent)
        case .rateLimited(let after):
            refused(after, needsQuiet: true, isPresent)
        }
        if isProbe { probe = nil }
    }

    private mutating func open() {
        openings += 1
        isQuiet = true
        epoch += 1
        failures = 0
        successes = 0
    }

    private mutating func refused(_ after: Duration?, needsQuiet: Bool, _ isPresent: Bool) {
        guard isPresent else {
            guard after != nil else { return }
            isQuiet = true
            openings = max(1, openings)
            return
        }
        parallel = max(1, parallel / 2)
        successes = 0
        if needsQuiet || after != nil { open() } else { epoch += 1 }
    }
}
