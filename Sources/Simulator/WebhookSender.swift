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
        simulation.webhooks.begin(settings, at: simulation.now)
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
        for event in events {
            for delay in simulation.delays(of: event) {
                guard pending.count < Self.pendingMax else {
                    simulation.faults.count("webhook_overflow")
                    break
                }
                pending.append(Pending(event: event, due: ambient.elapsed() + delay))
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
        guard !simulation.webhooks.isDisabled(simulation.faults.profile, at: now) else {
            simulation.faults.count("webhook_disabled")
            return next
        }
        let answer = try await send(delivery.event)
        simulation.webhooks.note(answer, at: now)
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
