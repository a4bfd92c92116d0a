import Ambient
import GRDB

extension CallStore {
    /// Everybody who is told of events, in the order in which they were added.
    package func endpoints() async throws(StoreError) -> [EventEndpoint] {
        try await endpoints(where: "true", [])
    }

    /// One endpoint; nil when there is none.
    package func endpoint(_ id: EndpointID) async throws(StoreError) -> EventEndpoint? {
        try await endpoints(where: "id = ?", [id.number]).first
    }

    private func endpoints(
        where condition: String,
        _ arguments: StatementArguments
    ) async throws(StoreError) -> [EventEndpoint] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select *, (
                        select count(*) from (
                            select 1 from outgoing_events
                            where outgoing_events.id > delivered_to
                                and kind in (select value from json_each(kinds))
                            limit 1000
                        )
                    ) as waiting
                    from event_endpoints where \(condition) order by id
                    """
            )
            return try Row.fetchAll(statement, arguments: arguments).map { row in
                let kinds = try StoredJSON.value(row["kinds"], as: [String].self) ?? []
                return EventEndpoint(
                    id: EndpointID(row["id"]),
                    url: row["url"],
                    secret: row["secret"],
                    kinds: kinds.compactMap(EventKind.init),
                    createdMilliseconds: row["created_ms"],
                    failures: row["failures"],
                    waiting: row["waiting"]
                )
            }
        }
    }

    /// What an endpoint is to be told next, in order.
    package func pendingEvents(
        of endpoint: EndpointID,
        limit: Int
    ) async throws(StoreError) -> [OutgoingEvent] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select outgoing_events.*, calls.workspace, calls.conversation_id
                    from event_endpoints join outgoing_events
                        on outgoing_events.id > delivered_to
                        and outgoing_events.kind in (select value from json_each(kinds))
                    left join calls on calls.id = call_id
                    where event_endpoints.id = ? and at_ms is not null
                    order by outgoing_events.id limit ?
                    """
            )
            return try Row.fetchAll(statement, arguments: [endpoint.number, limit])
                .compactMap { row in
                    guard let kind = EventKind(rawValue: row["kind"]) else { return nil }
                    let conversation: String? = row["conversation_id"]
                    return OutgoingEvent(
                        number: row["id"],
                        kind: kind,
                        atMilliseconds: row["at_ms"],
                        call: CallID(row["call_id"]),
                        identity: conversation.map {
                            CallIdentity(workspace: row["workspace"], conversationID: $0)
                        },
                        data: try StoredJSON.value(
                            row["data"],
                            as: [String: StoredValue].self
                        ) ?? [:]
                    )
                }
        }
    }

    /// The log of attempts, newest first, each with its place in it.
    ///
    /// - Parameters:
    ///   - endpoint: Whose; nil for all.
    ///   - place: Only what stands before this place.
    ///   - limit: Most rows.
    /// - Returns: The attempts.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func deliveries(
        to endpoint: EndpointID? = nil,
        before place: Int64? = nil,
        limit: Int = 100
    ) async throws(StoreError) -> [(place: Int64, delivery: EventDelivery)] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select * from event_deliveries
                    where endpoint_id = coalesce(?1, endpoint_id) and id < ?2
                    order by id desc limit ?3
                    """
            )
            return try Row.fetchAll(
                statement,
                arguments: [endpoint?.number, place ?? Int64.max, limit]
            ).map { row in
                (
                    row["id"],
                    EventDelivery(
                        endpoint: EndpointID(row["endpoint_id"]),
                        event: row["event_id"],
                        kind: row["kind"],
                        atMilliseconds: row["at_ms"],
                        attempt: row["attempt"],
                        outcome: EventDelivery.Outcome(rawValue: row["outcome"]) ?? .failed,
                        status: row["status"],
                        reason: row["reason"],
                        milliseconds: row["milliseconds"]
                    )
                )
            }
        }
    }
}
