import Ambient
import Foundation
import GRDB
import JobQueue

extension StoreWriter {
    /// Adds an address that is told of events from now on.
    ///
    /// - Parameters:
    ///   - url: Checked by the caller.
    ///   - kinds: Of which events; all when empty.
    /// - Returns: The endpoint with its new secret.
    /// - Throws: `StoreError.rejected` when there are too many.
    package func addEndpoint(url: String, kinds: [EventKind]) throws -> EventEndpoint {
        let count = try Int.fetchOne(database, sql: "select count(*) from event_endpoints") ?? 0
        guard count < EventLimits.endpointsMax else {
            throw StoreError.rejected(reason: "there are \(count) endpoints, as many as may be")
        }
        let kinds = kinds.isEmpty ? EventKind.allCases : kinds
        let secret =
            "rbsec_"
            + (ambient.newID().uuidString + ambient.newID().uuidString)
            .lowercased().filter { $0 != "-" }
        try run(
            """
            insert into event_endpoints (url, secret, kinds, created_ms, delivered_to)
            select ?, ?, ?, ?, coalesce(max(id), 0) from outgoing_events
            """,
            [url, secret, try StoredJSON.text(kinds.map(\.rawValue)), nowMilliseconds]
        )
        return EventEndpoint(
            id: EndpointID(database.lastInsertedRowID),
            url: url,
            secret: secret,
            kinds: kinds,
            createdMilliseconds: nowMilliseconds,
            failures: 0,
            waiting: 0
        )
    }

    /// Takes an endpoint away, with what waits for it and its log.
    ///
    /// - Throws: `StoreError.notFound`.
    package func removeEndpoint(_ id: EndpointID) throws {
        guard try run("delete from event_endpoints where id = ?", [id.number]) == 1 else {
            throw StoreError.notFound(what: "endpoint \(id)")
        }
    }

    /// Dates this transaction's events, and adds a job for each endpoint that has some to come
    /// and no job yet.
    ///
    /// The last step of every transaction.
    func announceEvents() throws {
        try run(
            "update outgoing_events set at_ms = ? where at_ms is null",
            [nowMilliseconds]
        )
        let silent = nowMilliseconds - EventLimits.silenceMax.wholeMilliseconds
        let ids = try Int64.fetchAll(
            database.cachedStatement(
                sql: """
                    select id from event_endpoints
                    where (announced_ms is null or announced_ms < ?) and exists (
                        select 1 from outgoing_events
                        where outgoing_events.id > delivered_to and kind in (
                            select value from json_each(kinds)
                        )
                    )
                    """
            ),
            arguments: [silent]
        )
        for id in ids { try addDelivery(to: EndpointID(id)) }
    }

    /// Ends an endpoint's job: another one follows when events came meanwhile, in this very
    /// transaction.
    package func endDelivery(to endpoint: EndpointID) throws {
        try run(
            "update event_endpoints set announced_ms = null where id = ?",
            [endpoint.number]
        )
    }

    private func addDelivery(to endpoint: EndpointID) throws {
        try run(
            "update event_endpoints set announced_ms = ? where id = ?",
            [nowMilliseconds, endpoint.number]
        )
        // The kind's typed arguments stand above the store; a test of theirs reads this.
        let payload = "{\"endpoint\":\(endpoint.number),\"task\":\"deliver\"}"
        try addToOutbox(
            OutboxJob(
                queue: try QueueName("upkeep"),
                kind: "upkeep",
                lane: .std,
                payload: Array(payload.utf8)
            )
        )
    }

    /// Keeps an attempt; one that ended the event lets the next one come.
    package func note(_ delivery: EventDelivery) throws {
        try run(
            """
            insert into event_deliveries (
                endpoint_id, event_id, kind, at_ms, attempt, outcome, status, reason, milliseconds
            )
            select id, ?, ?, ?, ?, ?, ?, ?, ? from event_endpoints where id = ?
            """,
            [
                delivery.event, delivery.kind, delivery.atMilliseconds, delivery.attempt,
                delivery.outcome.rawValue, delivery.status,
                delivery.reason.map { String($0.prefix(EventLimits.reasonCharactersMax)) },
                delivery.milliseconds, delivery.endpoint.number,
            ]
        )
        guard let event = delivery.event else { return }
        if delivery.outcome == .failed {
            try run(
                """
                update event_endpoints set failures = failures + 1, announced_ms = ?
                where id = ?
                """,
                [nowMilliseconds, delivery.endpoint.number]
            )
        } else {
            try run(
                """
                update event_endpoints
                set failures = 0, announced_ms = ?, delivered_to = max(delivered_to, ?)
                where id = ?
                """,
                [nowMilliseconds, event, delivery.endpoint.number]
            )
        }
    }

    /// Removes events that are old and wait for nobody, and old rows of the log.
    ///
    /// - Returns: How many rows went, of the table of which more went.
    package func removeEvents(before milliseconds: Int64, limit: Int) throws -> Int {
        let events = try run(
            """
            delete from outgoing_events where id in (
                select id from outgoing_events
                where at_ms < ?1 and not exists (
                    select 1 from event_endpoints
                    where delivered_to < outgoing_events.id
                        and kind in (select value from json_each(kinds))
                )
                order by id limit ?2
            )
            """,
            [milliseconds, limit]
        )
        let rows = try run(
            """
            delete from event_deliveries where id in (
                select id from event_deliveries where at_ms < ?1 order by at_ms limit ?2
            )
            """,
            [milliseconds, limit]
        )
        return max(events, rows)
    }
}
