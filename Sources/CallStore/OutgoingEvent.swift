/// What others are told of.
package enum EventKind: String, Sendable, Codable, CaseIterable {
    case callRecorded = "call.recorded"
    case callChanged = "call.changed"
    case attributionChanged = "attribution.changed"
    case conversionAdded = "conversion.added"
    case conversionWithdrawn = "conversion.withdrawn"
}

/// Names one address that is told of events.
package struct EndpointID: Hashable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }

    package var description: String { String(number) }
}

/// An address that is told of events.
package struct EventEndpoint: Hashable, Sendable {
    package var id: EndpointID
    package var url: String

    /// Signs what is sent there; shown once, when the endpoint is made.
    package var secret: String
    package var kinds: [EventKind]
    package var createdMilliseconds: Int64

    /// Attempts in a row that failed.
    package var failures: Int

    /// Events that wait to be delivered, counted up to 1,000.
    package var waiting: Int
}

/// One thing that happened to one call.
package struct OutgoingEvent: Hashable, Sendable {
    package var number: Int64
    package var kind: EventKind
    package var atMilliseconds: Int64
    package var call: CallID

    /// Nil when the call is gone.
    package var identity: CallIdentity?
    package var data: [String: StoredValue]

    /// The same in every delivery, and of no other event of this store.
    package var id: String { "evt_\(String(atMilliseconds, radix: 36))_\(number)" }
}

/// One attempt to tell an endpoint of an event.
package struct EventDelivery: Hashable, Sendable {
    package enum Outcome: String, Sendable, CaseIterable {
        case delivered
        case failed

        /// It was tried for so long that the events behind it went first.
        case givenUp = "given-up"
    }

    package var endpoint: EndpointID

    /// Nil for a test.
    package var event: Int64?
    package var kind: String
    package var atMilliseconds: Int64
    package var attempt: Int
    package var outcome: Outcome

    /// Of the answer; nil when there was none.
    package var status: Int?
    package var reason: String?
    package var milliseconds: Int

    package init(
        endpoint: EndpointID,
        event: Int64?,
        kind: String,
        atMilliseconds: Int64,
        attempt: Int,
        outcome: Outcome,
        status: Int?,
        reason: String?,
        milliseconds: Int
    ) {
        self.endpoint = endpoint
        self.event = event
        self.kind = kind
        self.atMilliseconds = atMilliseconds
        self.attempt = attempt
        self.outcome = outcome
        self.status = status
        self.reason = reason
        self.milliseconds = milliseconds
    }
}

/// The numbers of outgoing events, each with its reason.
package enum EventLimits {
    /// Addresses that are told; each delays the worker by its own slowness.
    package static let endpointsMax = 50

    /// A delivery that was not heard of for so long is begun anew: its job was thrown away.
    ///
    /// Well beyond `DeliveryLimits.pauseMax`, between whose ends a job is heard of.
    package static let silenceMax = Duration.seconds(2 * 60 * 60)

    /// Characters of a reason that are kept.
    package static let reasonCharactersMax = 200
}
