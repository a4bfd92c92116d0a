package import Ambient
package import HTTPClient
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Delivers the events of a simulation as they happen, beside the API and never blocking it.
///
/// Looks for due events at every step, which cannot miss one, and sends at most
/// `parallelMax` at a time; what waits is bounded, and what does not fit is dropped and counted.
package struct WebhookSender: Service {
    private let simulation: SimulatedUpstream
    private let settings: WebhookSettings
    private let client: HTTPClient
    private let ambient: Ambient
    private let logger: Logger
    private let health = Health()

    /// Time between two looks for due events.
    private static let step = Duration.milliseconds(250)
    /// Deliveries at a time; the rest waits.
    private static let parallelMax = 8
    /// Events and retries that wait at most.
    static let pendingMax = 1_000
    /// The upstream keeps no more retries for one webhook.
    static let retriesPendingMax = 100
    private static let answerTimeout = Duration.seconds(20)

    package init(
        _ simulation: SimulatedUpstream,
        _ settings: WebhookSettings,
        client: HTTPClient,
        ambient: Ambient,
        logger: Logger
    ) {
        self.simulation = simulation
        self.settings = settings
        self.client = client
        self.ambient = ambient
        self.logger = logger
    }

    /// How the deliveries went.
    private final class Health: Sendable {
        private struct State {
            var failuresInARow = 0
            var lastSuccess: Int?
        }

        private let state = Mutex(State())

        func note(success: Bool, at now: Int) {
            state.withLock { state in
                state.failuresInARow = success ? 0 : state.failuresInARow + 1
                if success { state.lastSuccess = now }
            }
        }

        func isDisabled(at now: Int) -> Bool {
            state.withLock { state in
                state.failuresInARow >= WebhookPolicy.failuresMax
                    && state.lastSuccess.map { now - $0 > WebhookPolicy.successWithin } ?? true
            }
        }
    }

    /// A delivery and when it is due.
    private struct Pending {
        let event: WebhookEvent
        var attempt = 1
        var due: Duration
    }

    /// Looks and delivers until the service group shuts down.
    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await deliver()
        }
    }

    private func deliver() async throws {
        var seen = simulation.now
        var pending: [Pending] = []
        try await withThrowingTaskGroup(of: Pending?.self) { group in
            var running = 0
            while true {
                let now = simulation.now
                if now > seen {
                    add(simulation.events(after: seen, through: now, settings), to: &pending)
                    seen = now
                }
                let elapsed = ambient.elapsed()
                while running < Self.parallelMax,
                    let index = pending.firstIndex(where: { $0.due <= elapsed })
                {
                    let delivery = pending.remove(at: index)
                    group.addTask { try await attempt(delivery) }
                    running += 1
                }
                group.addTask {
                    try await ambient.sleep(for: Self.step)
                    return nil
                }
                // Each step ends with the sleep; deliveries that end before it are taken in.
                while let finished = try await group.next(), let delivery = finished {
                    running -= 1
                    if delivery.due > .zero { keep(delivery, in: &pending) }
                }
            }
        }
    }

    private func add(_ events: [WebhookEvent], to pending: inout [Pending]) {
        let mode = simulation.faults.mode
        for event in events {
            let mischief = Mischief(event, mode, seed: simulation.world.settings.seed)
            if mischief.isDropped {
                simulation.faults.count("webhook_dropped")
                continue
            }
            let due = ambient.elapsed() + mischief.delay
            if mischief.delay > .zero { simulation.faults.count("webhook_reordered") }
            if mischief.isDuplicated { simulation.faults.count("webhook_duplicated") }
            for _ in 0..<(mischief.isDuplicated ? 2 : 1) {
                guard pending.count < Self.pendingMax else {
                    simulation.faults.count("webhook_overflow")
                    break
                }
                pending.append(Pending(event: event, due: due))
            }
        }
    }

    private func keep(_ retry: Pending, in pending: inout [Pending]) {
        guard pending.count(where: { $0.attempt > 1 }) < Self.retriesPendingMax else {
            simulation.faults.count("webhook_retry_overflow")
            return
        }
        pending.append(retry)
    }

    /// Sends once.
    ///
    /// - Returns: The delivery; due at zero when it is over, else when it is to be repeated.
    private func attempt(_ delivery: Pending) async throws -> Pending {
        var next = delivery
        next.due = .zero
        let now = simulation.now
        guard !(settings.autoDisable && health.isDisabled(at: now)) else { return next }
        let answer = try await send(delivery.event)
        health.note(success: answer == .status(200), at: now)
        guard answer != .status(200) else {
            simulation.faults.count("webhook_delivered")
            return next
        }
        simulation.faults.count("webhook_failed")
        let delay = WebhookPolicy.delay(
            after: answer,
            attempt: delivery.attempt,
            delivery.event.kind,
            settings,
            chance: ambient.chance()
        )
        if let delay {
            next.attempt += 1
            next.due = ambient.elapsed() + max(delay, .milliseconds(1))
        }
        return next
    }

    private func send(_ event: WebhookEvent) async throws -> WebhookPolicy.Answer {
        let body = simulation.body(of: event, settings)
        let time = simulation.now
        let signature = WebhookSignature.value(body: body, secret: settings.secret, time: time)
        let request = HTTPRequest(
            method: .post,
            url: settings.url,
            headers: [
                HTTPHeader("Content-Type", "application/json"),
                HTTPHeader(WebhookSignature.header, signature),
            ],
            body: Array(body.readableBytesView),
            timeouts: HTTPTimeouts(total: Self.answerTimeout)
        )
        do {
            let response = try await client.send(request)
            return .status(response.status)
        } catch {
            switch error {
            case .cancelled, .shutDown: throw CancellationError()
            case .timeout: return .timedOut
            default:
                logger.debug("a webhook could not be delivered")
                return .unreachable
            }
        }
    }
}

/// What the misbehaving upstream does to a delivery.
struct Mischief: Equatable {
    let isDropped: Bool
    let isDuplicated: Bool
    /// Held back so long that others overtake it.
    let delay: Duration

    init(_ event: WebhookEvent, _ mode: FaultMode, seed: UInt64) {
        var draw = Draw(seed: seed, stream: .delivery, index: -1 - event.index)
        let level = draw.fraction()
        let share: Double =
            switch mode {
            case .none: 0
            case .flaky: 0.05
            case .hostile: 0.12
            }
        isDropped = level < share
        isDuplicated = !isDropped && level < 2 * share
        delay =
            level >= 2 * share && level < 3 * share
            ? .milliseconds(draw.int(in: 1_000...5_000)) : .zero
    }
}
