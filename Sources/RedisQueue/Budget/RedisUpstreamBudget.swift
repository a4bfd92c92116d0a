package import Ambient
import Foundation
package import JobQueue
package import RedisClient
import Synchronization

/// An upstream's budget in Redis, shared by every process that names it alike.
///
/// Permits are leased: one whose holder died is given back when its lease ends. A refusal halves
/// the parallelism for all, once for each burst: what was in flight at the time of the decrease
/// does not lower it again. Successes raise it by one, after a window of them, up to the ceiling.
/// What opens the breaker, and for how long, is in `budget-release.lua`.
package struct RedisUpstreamBudget: UpstreamBudget {
    private let redis: any RedisExecutor
    private let keys: RedisBudgetKeys
    private let ceiling: Int
    private let limits: RedisBudgetLimits
    private let ambient: Ambient
    private let unheard = UnheardPermits()

    /// A budget that shares its state under a name.
    ///
    /// - Parameters:
    ///   - name: The upstream, such as `elevenlabs`.
    ///   - ceiling: Most requests at once over all processes; 1 or more.
    ///   - redis: Where the state is.
    ///   - ambient: Ids of permits and the jitter.
    ///   - limits: Leases and waits.
    package init(
        name: QueueName,
        ceiling: Int,
        redis: any RedisExecutor,
        ambient: Ambient,
        limits: RedisBudgetLimits = RedisBudgetLimits()
    ) {
        precondition(ceiling >= 1, "Somebody must be allowed to ask.")
        self.redis = redis
        self.ceiling = ceiling
        self.limits = limits
        self.ambient = ambient
        keys = RedisBudgetKeys(name)
    }

    package func acquire() async throws(QueueError) -> BudgetAnswer {
        try await giveUnheardBack()
        let permit = BudgetPermit(id: ambient.newID().uuidString.lowercased())
        let arguments = [
            permit.id, String(ceiling), milliseconds(limits.lease), milliseconds(limits.busyWait),
            milliseconds(limits.keep), interval, burst, milliseconds(limits.quietMax),
        ]
        let reply: RedisValue
        do {
            reply = try await evaluate(
                RedisBudgetScripts.acquire,
                keys: [keys.state, keys.permits, keys.grants],
                arguments
            )
        } catch .cancelled {
            // It may have been granted, and nobody heard of it.
            do {
                try await release(permit, .unused)
            } catch {
                unheard.note(permit)
            }
            throw .cancelled
        } catch {
            unheard.note(permit)
            throw error
        }
        guard case .array(let parts) = reply, parts.count == 3,
            case .integer(let granted) = parts[0], case .integer(let wait) = parts[1],
            case .integer(let isOpen) = parts[2]
        else { throw .protocolViolation(reason: "budget-acquire") }
        guard granted == 0 else { return .granted(permit) }
        let pause = .milliseconds(wait) + limits.busyWait * ambient.chance()
        return isOpen == 1 ? .open(pause) : .wait(pause)
    }

    /// Gives a permit back that an earlier call may have been granted without hearing of it.
    private func giveUnheardBack() async throws(QueueError) {
        guard let permit = unheard.next() else { return }
        do {
            try await release(permit, .unused)
        } catch {
            unheard.note(permit)
            throw error
        }
    }

    @discardableResult
    package func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback
    ) async throws(QueueError) -> Duration? {
        let (word, after) = Self.words(feedback)
        let arguments = [
            permit.id, word, after.map(milliseconds) ?? "-1", String(ceiling),
            String(limits.successesPerPermit), milliseconds(limits.backoffBase),
            milliseconds(limits.quietMax), String(ambient.chance()), milliseconds(limits.keep),
            String(limits.failuresMax), interval,
        ]
        let reply = try await evaluate(
            RedisBudgetScripts.release,
            keys: [keys.state, keys.permits, keys.grants],
            arguments,
            throughCancellation: true
        )
        guard case .array(let parts) = reply, parts.count == 2,
            case .integer(let open) = parts[1]
        else { throw .protocolViolation(reason: "budget-release") }
        return open > 0 ? .milliseconds(open) : nil
    }

    package func state() async throws(QueueError) -> BudgetState {
        let reply = try await evaluate(
            RedisBudgetScripts.state,
            keys: [keys.state, keys.permits],
            [String(ceiling), milliseconds(limits.quietMax), interval, burst]
        )
        guard case .array(let parts) = reply, parts.count == 6,
            case .integer(let parallel) = parts[0], case .integer(let inFlight) = parts[1],
            case .integer(let quiet) = parts[2], case .integer(let trips) = parts[3],
            case .integer(let since) = parts[4], case .integer(let isUsedUp) = parts[5]
        else { throw .protocolViolation(reason: "budget-state") }
        return BudgetState(
            parallel: Int(parallel),
            ceiling: ceiling,
            inFlight: Int(inFlight),
            quietUntilMilliseconds: quiet == 0 ? nil : quiet,
            circuit: trips == 0 ? .closed : quiet == 0 ? .halfOpen : .open,
            openings: Int(trips),
            sinceMilliseconds: since == 0 ? nil : since,
            rate: limits.rate,
            isRateUsedUp: isUsedUp == 1
        )
    }

    private var interval: String { String(limits.rate?.intervalMicroseconds ?? 0) }

    private var burst: String { String(limits.rate?.burst ?? 1) }

    private static func words(_ feedback: BudgetFeedback) -> (String, Duration?) {
        switch feedback {
        case .succeeded: ("succeeded", nil)
        case .concurrencyLimited(let after): ("concurrency", after)
        case .rateLimited(let after): ("rate", after)
        case .failed(let after): ("failed", after)
        case .unused: ("unused", nil)
        }
    }

    /// Runs a script, and once more when the connection was lost on the way.
    ///
    /// Safe, for a repeat takes no second permit and gives none back twice; and worth it, for a
    /// permit whose grant was not heard would be out until its lease ends.
    private func evaluate(
        _ script: RedisScript,
        keys: [String],
        _ arguments: [String],
        throughCancellation: Bool = false
    ) async throws(QueueError) -> RedisValue {
        let bytes = arguments.map { Array($0.utf8) }
        func once() async throws(RedisError) -> RedisValue {
            guard throughCancellation else {
                return try await redis.evaluate(script, keys: keys, arguments: bytes)
            }
            return try await redis.evaluateThroughCancellation(
                script,
                keys: keys,
                arguments: bytes
            )
        }
        do {
            do {
                return try await once()
            } catch RedisError.closed {
                return try await once()
            }
        } catch {
            throw QueueError(error)
        }
    }

    private func milliseconds(_ duration: Duration) -> String {
        // Rounded up, so that no time becomes zero; a year is more than anybody may mean.
        let year = Duration.seconds(365 * 24 * 60 * 60)
        let (seconds, attoseconds) = min(max(duration, .zero), year).components
        return String(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

/// The numbers of a budget, each with its reason.
package struct RedisBudgetLimits: Sendable, Equatable {
    /// When a permit that nobody gave back is free again: longer than the longest request.
    package var lease = Duration.seconds(180)

    /// The wait while all permits are out, before jitter: a fraction of a usual request.
    package var busyWait = Duration.milliseconds(100)

    /// Successes for each present permit that raise the parallelism by one.
    ///
    /// So a window grows with the parallelism, and the way up is slower than the way down.
    package var successesPerPermit = 4

    /// Requests per time; off by default, for the upstream says itself what is too much.
    package var rate: RateLimit?

    /// Failures in a row that open the breaker: a lone bad record is tried three times within one
    /// call, and must not stop everybody.
    package var failuresMax = 5

    /// The first wait of an open breaker that names no time; it doubles with each further opening.
    ///
    /// One second, as in the upstream's own client.
    package var backoffBase = Duration.seconds(1)

    /// The longest wait, also when the upstream asks for more: then somebody asks again.
    package var quietMax = Duration.seconds(300)

    /// How long the state outlives its last use.
    package var keep = Duration.seconds(24 * 60 * 60)

    package init() {}
}

/// Permits that were asked for, and whether they were granted nobody heard.
///
/// Each later call gives one back, for until its lease ended it would be out for nobody.
private final class UnheardPermits: Sendable {
    /// Calls that a worker may have under way at once, and more.
    private static let most = 1_000

    private let permits = Mutex<[BudgetPermit]>([])

    func note(_ permit: BudgetPermit) {
        permits.withLock { if $0.count < Self.most { $0.append(permit) } }
    }

    func next() -> BudgetPermit? {
        permits.withLock { $0.popLast() }
    }
}

/// The keys of one budget, under one hash tag.
struct RedisBudgetKeys {
    let state: String
    let permits: String
    let grants: String

    init(_ name: QueueName) {
        let tag = "ringback:{budget.\(name)}"
        state = "\(tag):state"
        permits = "\(tag):permits"
        grants = "\(tag):grants"
    }
}

/// The budget's scripts.
enum RedisBudgetScripts {
    static let acquire = script("budget-acquire", PackageResources.budget_acquire_lua)
    static let release = script("budget-release", PackageResources.budget_release_lua)
    static let state = script("budget-state", PackageResources.budget_state_lua)

    private static func script(_ name: String, _ source: [UInt8]) -> RedisScript {
        RedisScript(name: name, source: String(decoding: source, as: UTF8.self))
    }
}
