import Ambient
import ElevenLabs
import Foundation
import HTTPClient
import JobQueue
import Logging
import Synchronization
import TestSupport

/// A clock whose sleeps are over at once and remembered.
final class RecordingClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private let slept = Mutex<[Duration]>([])
    private let clock = ContinuousClock()

    var sleeps: [Duration] { slept.withLock { $0 } }
    var now: Instant { clock.now }
    var minimumResolution: Duration { clock.minimumResolution }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        slept.withLock { $0.append(clock.now.duration(to: deadline)) }
    }
}

/// A budget that gives prepared answers in order, then permits, and remembers what it heard.
final class FakeBudget: UpstreamBudget {
    private struct State {
        var answers: [Result<BudgetAnswer, QueueError>]
        var given = 0
        var feedback: [BudgetFeedback] = []
        var released: [BudgetPermit] = []
        var rests: [Duration?] = []
    }

    private let state: Mutex<State>
    private let releaseError: QueueError?

    /// - Parameters:
    ///   - answers: What `acquire` answers first.
    ///   - rests: What `release` answers first; then the breaker is not open.
    ///   - releaseError: What `release` throws instead.
    init(
        _ answers: [Result<BudgetAnswer, QueueError>] = [],
        rests: [Duration?] = [],
        releaseError: QueueError? = nil
    ) {
        state = Mutex(State(answers: answers, rests: rests))
        self.releaseError = releaseError
    }

    var feedback: [BudgetFeedback] { state.withLock { $0.feedback } }
    var given: Int { state.withLock { $0.given } }
    var released: Set<String> { state.withLock { Set($0.released.map(\.id)) } }

    func acquire() async throws(QueueError) -> BudgetAnswer {
        let answer: Result<BudgetAnswer, QueueError> = state.withLock { state in
            if !state.answers.isEmpty { return state.answers.removeFirst() }
            state.given += 1
            return .success(.granted(BudgetPermit(id: "permit-\(state.given)")))
        }
        return try answer.get()
    }

    func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback
    ) async throws(QueueError) -> Duration? {
        let rest: Duration? = state.withLock { state in
            state.feedback.append(feedback)
            state.released.append(permit)
            return state.rests.isEmpty ? nil : state.rests.removeFirst()
        }
        if let releaseError { throw releaseError }
        return rest
    }

    func state() async throws(QueueError) -> BudgetState {
        BudgetState(parallel: 1, ceiling: 1, inFlight: 0, quietUntilMilliseconds: nil)
    }
}

/// What a test of the client works with.
struct ClientFixture: Sendable {
    static let key = "sk_test_do_not_show"

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    static let nowUnix = 784_111_777

    let client: ElevenLabsClient
    let stub: StubUpstream
    let budget: FakeBudget
    let clock: RecordingClock

    var sleeps: [Duration] { clock.sleeps }

    static func serve(
        _ answers: StubAnswer...,
        budget: FakeBudget = FakeBudget(),
        _ body: @Sendable @escaping (ClientFixture) async throws -> Void
    ) async throws {
        try await serve(answers, budget: budget, body)
    }

    static func serve(
        _ answers: [StubAnswer],
        budget: FakeBudget = FakeBudget(),
        _ body: @Sendable @escaping (ClientFixture) async throws -> Void
    ) async throws {
        try await StubUpstream.serve(answers) { stub, url in
            let live = Ambient.live(seed: 1)
            let clock = RecordingClock()
            let ambient = Ambient(
                clock: clock,
                elapsed: live.elapsed,
                now: { Date(timeIntervalSince1970: Double(nowUnix)) },
                newID: live.newID,
                chance: { 0.5 }
            )
            let http = try HTTPClient(ambient: live)
            let client = ElevenLabsClient(
                http: http,
                baseURL: url + "/",
                key: APIKey(" \(key)\n"),
                budget: budget,
                ambient: ambient,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            let fixture = ClientFixture(client: client, stub: stub, budget: budget, clock: clock)
            do {
                try await body(fixture)
            } catch {
                await http.shutDown()
                throw error
            }
            await http.shutDown()
        }
    }
}
