package import Ambient
package import CallStore
import Foundation
import JobQueue
package import JobWorker
import Logging

/// Tells endpoints of what happened, each in the order in which it did.
///
/// One job at a time serves an endpoint. An event that does not get through holds back those behind
/// it, so that a receiver never hears of a call's later state before the earlier one; after
/// `DeliveryLimits.ageMax` it is given up.
package struct EventDeliverer: Sendable {
    private let store: CallStore
    private let poster: Poster

    package init(store: CallStore, poster: Poster) {
        self.store = store
        self.poster = poster
    }

    /// Delivers what waits for an endpoint.
    ///
    /// - Returns: Done when nothing waits or enough was done for one job; the commit adds another
    ///   job where something waits. A pause after a failure.
    /// - Throws: `StoreError`, `CancellationError`.
    package func deliver(
        to id: EndpointID,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        guard let endpoint = try await store.endpoint(id) else { return .done { _ in } }
        let events = try await store.pendingEvents(
            of: id,
            limit: DeliveryLimits.eventsPerJobMax
        )
        var failures = endpoint.failures
        for event in events {
            let result = try await poster.post(
                Self.body(of: event),
                to: endpoint.url,
                secret: endpoint.secret,
                id: event.id
            )
            let now = context.ambient.unixMilliseconds
            var outcome = EventDelivery.Outcome.delivered
            if !result.isDelivered {
                let age = Duration.milliseconds(now - event.atMilliseconds)
                outcome = age > DeliveryLimits.ageMax ? .givenUp : .failed
            }
            let delivery = EventDelivery(
                endpoint: id,
                event: event.number,
                kind: event.kind.rawValue,
                atMilliseconds: now,
                attempt: failures + 1,
                outcome: outcome,
                status: result.status,
                reason: result.reason,
                milliseconds: result.milliseconds
            )
            try await store.write { try $0.note(delivery) }
            guard outcome != .failed else {
                failures += 1
                context.logger.notice(
                    "An endpoint does not take its events",
                    metadata: ["endpoint": "\(id)", "failures": "\(failures)"]
                )
                return .snooze(
                    after: Self.pause(after: failures, context.ambient),
                    reason: result.reason ?? "not delivered"
                )
            }
            failures = 0
        }
        return .done { try $0.endDelivery(to: id) }
    }

    /// Sends an endpoint something that is no event, once, and keeps what became of it.
    ///
    /// - Throws: `StoreError.notFound` and others of the store.
    package func test(_ id: EndpointID, ambient: Ambient) async throws -> EventDelivery {
        guard let endpoint = try await store.endpoint(id) else {
            throw StoreError.notFound(what: "endpoint \(id)")
        }
        let name = "evt_test_\(ambient.newID().uuidString.lowercased())"
        let now = ambient.unixMilliseconds
        let result = try await poster.post(
            OutgoingText.json([
                "id": .text(name), "type": .text("test"), "at": .text(OutgoingText.time(now)),
                "data": .object([:]),
            ]),
            to: endpoint.url,
            secret: endpoint.secret,
            id: name
        )
        let delivery = EventDelivery(
            endpoint: id,
            event: nil,
            kind: "test",
            atMilliseconds: now,
            attempt: 1,
            outcome: result.isDelivered ? .delivered : .failed,
            status: result.status,
            reason: result.reason,
            milliseconds: result.milliseconds
        )
        try await store.write { try $0.note(delivery) }
        return delivery
    }

    /// Doubled with each failure, and spread a little, so that endpoints of one host do not come
    /// together.
    private static func pause(after failures: Int, _ ambient: Ambient) -> Duration {
        // 30 doublings exceed the longest pause; more would overflow.
        let pause = min(
            DeliveryLimits.pause * (1 << min(failures - 1, 30)),
            DeliveryLimits.pauseMax
        )
        return pause * (0.75 + 0.25 * ambient.chance())
    }

    /// What is sent: ids and words of ours, no number and nothing that was said.
    static func body(of event: OutgoingEvent) -> [UInt8] {
        OutgoingText.json([
            "id": .text(event.id),
            "type": .text(event.kind.rawValue),
            "at": .text(OutgoingText.time(event.atMilliseconds)),
            "call": .object([
                "id": .integer(event.call.number),
                "conversationID": event.identity.map { .text($0.conversationID) } ?? .null,
            ]),
            "data": .object(event.data),
        ])
    }
}

extension Ambient {
    /// Wall time in Unix milliseconds.
    var unixMilliseconds: Int64 {
        Int64((now().timeIntervalSince1970 * 1_000).rounded(.down))
    }
}
