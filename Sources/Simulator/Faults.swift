import Synchronization

/// One misbehaviour of a request.
package enum Fault: Sendable, Equatable {
    /// 429; of the two kinds, in the new body style or the old one, perhaps with a hint.
    case rateLimited(concurrent: Bool, oldStyle: Bool, retryAfterSeconds: Int?)
    case failing(status: Int, oldStyle: Bool)
    case slow(Duration)
    /// The body comes in pieces, over this time.
    case dripping(Duration)
    /// The connection breaks after this share of the body.
    case cutShort(Double)
    /// The byte at this share of the body is none of UTF-8's.
    case garbled(Double)

    var name: String {
        switch self {
        case .rateLimited(concurrent: true, _, _): "concurrent_limit_429"
        case .rateLimited: "rate_limit_429"
        case .failing(let status, _): "status_\(status)"
        case .slow: "slow"
        case .dripping: "slow_drip"
        case .cutShort: "cut_short"
        case .garbled: "invalid_utf8"
        }
    }

    var isFailure: Bool {
        switch self {
        case .slow, .dripping: false
        case .rateLimited, .failing, .cutShort, .garbled: true
        }
    }
}

/// Decides which requests fail, by a seeded generator and the number of the request.
///
/// One target, a path with its query, fails only a bounded number of times in a row, so that a
/// client with sane retries gets through.
package final class FaultBox: Sendable {
    private struct State {
        var profile: FaultProfile
        var requests = 0
        var listRequests = 0
        var failuresInARow: [String: Int] = [:]
        var counts: [String: Int] = [:]
        var underWay = 0

        /// The second that is counted for the rate, and the requests in it.
        var second: Int64 = 0
        var requestsInSecond = 0
    }

    private let seed: UInt64
    private let state: Mutex<State>

    /// Targets whose failures are remembered; when there are more, all is forgotten.
    private static let targetsMax = 20_000

    package init(seed: UInt64, profile: FaultProfile) {
        self.seed = seed
        state = Mutex(State(profile: profile))
    }

    package var profile: FaultProfile { state.withLock { $0.profile } }

    /// Changes the faults; the counts go on.
    func set(_ profile: FaultProfile) {
        state.withLock { state in
            state.profile = profile
            state.listRequests = 0
            state.failuresInARow = [:]
        }
    }

    /// Requests for pages of the list since the faults were set.
    var listRequests: Int { state.withLock { $0.listRequests } }

    func countListRequest() {
        state.withLock { $0.listRequests += 1 }
    }

    /// Adds to the count of a kind of misbehaviour.
    func count(_ name: String) {
        state.withLock { $0.counts[name, default: 0] += 1 }
    }

    /// Registers a request; the caller must say when it is over.
    package func begin(_ target: String, at elapsed: Duration = .zero) -> Fault? {
        state.withLock { state in
            state.requests += 1
            state.underWay += 1
            guard !state.profile.isEmpty else { return nil }
            let fault = Self.beyondLimits(&state, at: elapsed) ?? drawn(&state, target)
            if state.failuresInARow.count > Self.targetsMax { state.failuresInARow = [:] }
            if let fault, fault.isFailure {
                state.failuresInARow[target, default: 0] += 1
            } else {
                state.failuresInARow[target] = nil
            }
            if let fault { state.counts[fault.name, default: 0] += 1 }
            return fault
        }
    }

    package func end() {
        state.withLock { $0.underWay -= 1 }
    }

    /// Too many at a time, or in a second: that ends when the client slows down, not by itself.
    private static func beyondLimits(_ state: inout State, at elapsed: Duration) -> Fault? {
        let parallelMax = state.profile[.parallelLimit]
        if parallelMax > 0, Double(state.underWay) > parallelMax {
            return .rateLimited(concurrent: true, oldStyle: false, retryAfterSeconds: nil)
        }
        let rate = state.profile[.rateLimit]
        guard rate > 0 else { return nil }
        let second = elapsed.components.seconds
        if second != state.second {
            state.second = second
            state.requestsInSecond = 0
        }
        state.requestsInSecond += 1
        guard Double(state.requestsInSecond) > rate else { return nil }
        return .rateLimited(concurrent: false, oldStyle: false, retryAfterSeconds: 1)
    }

    private func drawn(_ state: inout State, _ target: String) -> Fault? {
        let fault = Self.drawn(state.profile, request: state.requests, seed: seed)
        guard let fault, fault.isFailure else { return fault }
        let before = state.failuresInARow[target, default: 0]
        return before < state.profile.failuresInARowMax ? fault : nil
    }

    /// At most one for a request.
    private static func drawn(_ profile: FaultProfile, request: Int, seed: UInt64) -> Fault? {
        var draw = Draw(seed: seed, stream: .fault, index: request)
        var level = draw.fraction()
        func falls(_ name: FaultName) -> Bool {
            level -= profile[name]
            return level < 0 && profile.has(name)
        }
        if falls(.refuse) {
            let hint: Int? = draw.chance(0.5) ? draw.int(in: 0...1) : nil
            return .rateLimited(
                concurrent: draw.chance(0.4),
                oldStyle: draw.chance(0.4),
                retryAfterSeconds: hint
            )
        }
        if falls(.fail) {
            return .failing(status: draw.chance(0.5) ? 500 : 503, oldStyle: draw.chance(0.3))
        }
        if falls(.slowReplies) {
            let most = profile.base == .flaky ? 800 : 3_000
            return .slow(.milliseconds(draw.int(in: 100...most)))
        }
        if falls(.slowDrip) { return .dripping(.milliseconds(draw.int(in: 2_000...10_000))) }
        if falls(.cutShort) { return .cutShort(draw.fraction() * 0.95) }
        if falls(.invalidUTF8) { return .garbled(draw.fraction()) }
        return nil
    }

    /// The body of `GET /_truth/faults`.
    package var report: JSON {
        state.withLock { state in
            var injected: JSON = [:]
            for (name, count) in state.counts.sorted(by: { $0.key < $1.key }) {
                injected[name] = .int(count)
            }
            return [
                "mode": .string(state.profile.base.rawValue),
                "faults": state.profile.json,
                "requests": .int(state.requests),
                "injected": injected,
            ]
        }
    }

    /// How often a kind of misbehaviour was counted.
    package func counted(_ name: String) -> Int {
        state.withLock { $0.counts[name, default: 0] }
    }
}
