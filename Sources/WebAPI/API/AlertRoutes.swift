import CallStore
import Delivery
import Foundation
import HTTPTypes
import Hummingbird

/// Alerts, and who is told of events.
struct AlertRoutes: RouteGroup {
    /// Bytes of a new endpoint's description.
    private static let bodyBytesMax = 16 * 1_024

    /// Rows of a page of deliveries, and most of them.
    private static let limitDefault = 50
    private static let limitMax = 200

    let parts: WebParts

    func add(to router: Router<WebContext>) {
        router.get("/api/v1/alerts") { _, _ in try await alerts() }
        router.get("/api/v1/endpoints") { _, _ in try await endpoints() }
        router.post("/api/v1/endpoints") { request, _ in try await addEndpoint(request) }
        router.delete("/api/v1/endpoints/:id") { _, context in try await removeEndpoint(context) }
        router.get("/api/v1/deliveries") { request, _ in try await deliveries(request) }
    }

    private struct Page<Item: Encodable>: Encodable {
        var items: [Item]

        /// The cursor of the next page; null on the last.
        var next: String?

        private enum Key: CodingKey {
            case items
            case next
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(items, forKey: .items)
            try container.encode(next, forKey: .next)
        }
    }

    // MARK: Alerts

    private struct Alert: Encodable {
        var rule: String
        var title: String
        var firing: Bool
        var since: String
        var checked: String
        var notified: String?
        var text: String
    }

    private func alerts() async throws -> Response {
        let items = try await parts.store.alertStates().map { state in
            Alert(
                rule: state.rule,
                title: AlertRule(rawValue: state.rule)?.title ?? state.rule,
                firing: state.isFiring,
                since: Self.time(state.sinceMilliseconds),
                checked: Self.time(state.checkedMilliseconds),
                notified: state.notifiedMilliseconds.map(Self.time),
                text: state.text
            )
        }
        return Self.json(Page(items: items, next: nil))
    }

    // MARK: Endpoints

    private struct Endpoint: Encodable {
        var id: Int64
        var url: String
        var events: [String]
        var created: String
        var waiting: Int
        var failures: Int

        /// Only in the answer to the request that made it.
        var secret: String?

        init(_ endpoint: EventEndpoint, showsSecret: Bool = false) {
            id = endpoint.id.number
            url = endpoint.url
            events = endpoint.kinds.map(\.rawValue)
            created = AlertRoutes.time(endpoint.createdMilliseconds)
            waiting = endpoint.waiting
            failures = endpoint.failures
            secret = showsSecret ? endpoint.secret : nil
        }
    }

    private struct NewEndpoint: Decodable {
        var url: String
        var events: [String]?
    }

    private func endpoints() async throws -> Response {
        let items = try await parts.store.endpoints().map { Endpoint($0) }
        return Self.json(Page(items: items, next: nil))
    }

    private func addEndpoint(_ request: Request) async throws -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.bodyBytesMax)
        } catch {
            throw APIError(.tooLarge, "An endpoint may have \(Self.bodyBytesMax) bytes.")
        }
        let asked: NewEndpoint
        do {
            asked = try JSONDecoder().decode(NewEndpoint.self, from: Data(body.readableBytesView))
        } catch {
            throw APIError(.cannotBeRead, "An endpoint is {\"url\": \"…\", \"events\": [\"…\"]}.")
        }
        guard let address = OutgoingAddress(asked.url) else {
            throw APIError(.cannotBeRead, "url takes an http or https address without a user.")
        }
        let kinds = try (asked.events ?? []).map { (word: String) throws -> EventKind in
            guard let kind = EventKind(rawValue: word) else {
                let known = EventKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError(.cannotBeRead, "events takes some of \(known).")
            }
            return kind
        }
        let made = try await add(address.text, kinds)
        return Self.json(Endpoint(made, showsSecret: true), status: .created)
    }

    private func add(_ url: String, _ kinds: [EventKind]) async throws -> EventEndpoint {
        do throws(StoreError) {
            return try await parts.store.write { writer in
                let made = try writer.addEndpoint(url: url, kinds: kinds)
                try writer.audit(
                    AuditNote(
                        actor: "api",
                        action: "endpoint.add",
                        object: "endpoint:\(made.id)",
                        after: ["url": .text(url)]
                    )
                )
                return made
            }
        } catch {
            guard case .rejected = error else { throw error }
            throw APIError(
                .cannotBeRead,
                "There are \(EventLimits.endpointsMax) endpoints, as many as may be."
            )
        }
    }

    private func removeEndpoint(_ context: WebContext) async throws -> Response {
        let missing = APIError(.notFound, "There is no such endpoint.")
        guard let number = context.parameters.get("id").flatMap(Int64.init) else { throw missing }
        let id = EndpointID(number)
        do throws(StoreError) {
            try await parts.store.write { writer in
                try writer.removeEndpoint(id)
                try writer.audit(
                    AuditNote(actor: "api", action: "endpoint.remove", object: "endpoint:\(id)")
                )
            }
        } catch {
            guard case .notFound = error else { throw error }
            throw missing
        }
        return Response(status: .noContent)
    }

    // MARK: Deliveries

    private struct Delivery: Encodable {
        var time: String
        var endpoint: Int64
        var event: Int64?
        var type: String
        var attempt: Int
        var outcome: String
        var status: Int?
        var reason: String?
        var milliseconds: Int
    }

    private func deliveries(_ request: Request) async throws -> Response {
        func number(_ name: Substring) throws -> Int64? {
            guard let text = request.uri.queryParameters[name] else { return nil }
            guard let number = Int64(text), number >= 1 else {
                throw APIError(.cannotBeRead, "\(name) takes a whole number of at least 1.")
            }
            return number
        }
        let limit = try number("limit").map { Int($0) } ?? Self.limitDefault
        guard limit <= Self.limitMax else {
            throw APIError(.cannotBeRead, "limit takes 1 to \(Self.limitMax).")
        }
        let rows = try await parts.store.deliveries(
            to: try number("endpoint").map { EndpointID($0) },
            before: try number("cursor"),
            limit: limit + 1
        )
        let items = rows.prefix(limit).map { _, delivery in
            Delivery(
                time: Self.time(delivery.atMilliseconds),
                endpoint: delivery.endpoint.number,
                event: delivery.event,
                type: delivery.kind,
                attempt: delivery.attempt,
                outcome: delivery.outcome.rawValue,
                status: delivery.status,
                reason: delivery.reason,
                milliseconds: delivery.milliseconds
            )
        }
        var headers = HTTPFields()
        var next: String?
        if rows.count > limit, let last = rows.prefix(limit).last?.place {
            next = "\(last)"
            let endpoint = try number("endpoint").map { "&endpoint=\($0)" } ?? ""
            if let link = HTTPField.Name("link") {
                headers[link] =
                    "</api/v1/deliveries?limit=\(limit)\(endpoint)&cursor=\(last)>; rel=\"next\""
            }
        }
        return Self.json(Page(items: Array(items), next: next), headers: headers)
    }

    private static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = HTTPFields()
    ) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let text = String(decoding: try encoder.encode(value), as: UTF8.self)
            return .text(text + "\n", type: "application/json", status: status, headers: headers)
        } catch {
            preconditionFailure("Our own answers hold nothing that JSON cannot hold.")
        }
    }

    fileprivate static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}
