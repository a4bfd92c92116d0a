import Synchronization

/// How badly the simulated upstream behaves.
package enum FaultMode: String, Sendable, CaseIterable {
    /// It answers everything at once and well.
    case none
    /// Now and then it refuses, fails, stalls or breaks off, as a real one does.
    case flaky
    /// More of that, and answers with things no schema knows.
    case hostile
}

/// One misbehaviour.
package enum Fault: Sendable, Equatable {
    /// 429; of the two kinds, in the new body style or the old one, perhaps with a hint.
    case rateLimited(concurrent: Bool, oldStyle: Bool, retryAfterSeconds: Int?)
    case failing(status: Int, oldStyle: Bool)
    case slow(Duration)
    /// The connection breaks after this share of the body.
    case cutShort(Double)

    var name: String {
        switch self {
        case .rateLimited(concurrent: true, _, _): "concurrent_limit_429"
        case .rateLimited: "rate_limit_429"
        case .failing(let status, _): "status_\(status)"
        case .slow: "slow"
        case .cutShort: "cut_short"
        }
    }

    var isFailure: Bool {
        if case .slow = self { false } else { true }
    }
}

/// Decides which requests fail, by a seeded generator and the number of the request.
///
/// One target, a path with its query, fails only a bounded number of times in a row, so that a
/// client with sane retries gets through.
package final class FaultBox: Sendable {
    private struct State {
        var mode: FaultMode
        var requests = 0
        var listRequests = 0
        var failuresInARow: [String: Int] = [:]
        var counts: [String: Int] = [:]
        var underWay = 0
    }

    private let seed: UInt64
    private let state: Mutex<State>

    /// Targets whose failures are remembered; when there are more, all is forgotten.
    private static let targetsMax = 20_000
    /// Requests at a time beyond which the misbehaving upstream refuses more.
    package static let parallelMax = 12

    package init(seed: UInt64, mode: FaultMode) {
        self.seed = seed
        state = Mutex(State(mode: mode))
    }

    package var mode: FaultMode { state.withLock { $0.mode } }

    /// Changes the mode; the counts go on.
    package func set(_ mode: FaultMode) {
        state.withLock { state in
            state.mode = mode
            state.listRequests = 0
            state.failuresInARow = [:]
        }
    }

    /// Requests for pages of the list since the mode was set.
    var listRequests: Int { state.withLock { $0.listRequests } }

    func countListRequest() {
        state.withLock { $0.listRequests += 1 }
    }

    /// Adds to the count of a kind of misbehaviour.
    func count(_ name: String) {
        state.withLock { $0.counts[name, default: 0] += 1 }
    }

    /// Registers a request; the caller must say when it is over.
    package func begin(_ target: String) -> Fault? {
        state.withLock { state in
            state.requests += 1
            state.underWay += 1
            guard state.mode != .none else { return nil }
            var fault = Self.drawn(state.mode, request: state.requests, seed: seed)
            if state.underWay > Self.parallelMax {
                fault = .rateLimited(concurrent: true, oldStyle: false, retryAfterSeconds: nil)
            } else if let drawn = fault, drawn.isFailure {
                let before = state.failuresInARow[target, default: 0]
                if before >= Self.failuresInARowMax(state.mode) { fault = nil }
            }
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

    /// How often one target fails before it works.
    package static func failuresInARowMax(_ mode: FaultMode) -> Int {
        switch mode {
        case .none: 0
        case .flaky: 2
        case .hostile: 3
        }
    }

    private static func drawn(_ mode: FaultMode, request: Int, seed: UInt64) -> Fault? {
        var draw = Draw(seed: seed, stream: .fault, index: request)
        let share = mode == .flaky ? 0.14 : 0.32
        guard draw.chance(share) else { return nil }
        switch draw.int(in: 0..<100) {
        case 0..<40:
            let hint: Int? = draw.chance(0.5) ? draw.int(in: 0...1) : nil
            return .rateLimited(
                concurrent: draw.chance(0.4),
                oldStyle: draw.chance(0.4),
                retryAfterSeconds: hint
            )
        case 40..<65:
            return .failing(status: draw.chance(0.5) ? 500 : 503, oldStyle: draw.chance(0.3))
        case 65..<82:
            let most = mode == .flaky ? 800 : 3_000
            return .slow(.milliseconds(draw.int(in: 100...most)))
        default:
            return .cutShort(draw.fraction() * 0.95)
        }
    }

    /// The body of `GET /_truth/faults`.
    package var report: JSON {
        state.withLock { state in
            var injected: JSON = [:]
            for (name, count) in state.counts.sorted(by: { $0.key < $1.key }) {
                injected[name] = .int(count)
            }
            return [
                "mode": .string(state.mode.rawValue),
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
