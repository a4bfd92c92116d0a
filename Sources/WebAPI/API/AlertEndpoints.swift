import CallStore
import Delivery
import Foundation
import Hummingbird
import Reports

/// Alerts, and who is told of events.
enum AlertEndpoints {
    static var all: [Endpoint] {
        [alerts, list, add, remove, deliveries] + AlertRuleEndpoints.all
    }

    // MARK: Alerts

    private static let alerts = Endpoint(
        method: .get,
        path: "/api/v1/alerts",
        summary: "Each rule of the alerts, and whether it fires.",
        answer: .page(
            .fields(
                ("rule", .text),
                ("title", .text),
                ("firing", .bool),
                ("since", .instant),
                ("checked", .instant),
                ("notified", .optional(.instant)),
                ("text", .text)
            )
        )
    ) { ask in
        let states = try await ask.parts.store.alertStates()
        return .page(states.map(json), next: nil, ask.query)
    }

    private static func json(_ state: AlertState) -> JSONValue {
        .fields(
            ("rule", .text(state.rule)),
            ("title", .text(AlertRule(rawValue: state.rule)?.title ?? state.rule)),
            ("firing", .bool(state.isFiring)),
            ("since", .text(ISOTime.text(milliseconds: state.sinceMilliseconds))),
            ("checked", .text(ISOTime.text(milliseconds: state.checkedMilliseconds))),
            ("notified", .optional(state.notifiedMilliseconds.map(ISOTime.text(milliseconds:)))),
            ("text", .text(state.text))
        )
    }

    // MARK: Endpoints

    private static let endpoint = Schema.fields(
        ("id", .identifier),
        ("url", .text),
        ("events", .list(.word(EventKind.self))),
        ("created", .instant),
        ("waiting", .count),
        ("failures", .count)
    )

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/endpoints",
        summary: "The addresses that are told of events.",
        answer: .page(endpoint)
    ) { ask in
        .page(try await ask.parts.store.endpoints().map(\.json), next: nil, ask.query)
    }

    private struct NewEndpoint: Decodable {
        var url: String
        var events: [String]?
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/endpoints",
        summary: "Tell an address of events from now on; of all kinds unless some are named.",
        body: .sent(
            [("url", .bounded(1...2_000))],
            optional: [("events", .list(.word(EventKind.self)))]
        ),
        // The secret stands in this answer and in no other.
        answer: .fields(
            ("id", .identifier),
            ("url", .text),
            ("events", .list(.word(EventKind.self))),
            ("created", .instant),
            ("secret", .text)
        ),
        status: .created
    ) { ask in
        let asked = try await ask.body(NewEndpoint.self)
        guard asked.url.utf8.count <= 2_000, let address = OutgoingAddress(asked.url) else {
            throw APIError(.badRequest, "url takes an http or https address without a user.")
        }
        let kinds = try (asked.events ?? []).map { word in
            guard let kind = EventKind(rawValue: word) else {
                let known = EventKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError(.badRequest, "events takes some of \(known).")
            }
            return kind
        }
        let person = ask.person
        let made = try await ask.parts.store.write { writer in
            let made = try writer.addEndpoint(url: address.text, kinds: kinds)
            try writer.audit(
                AuditNote(
                    actor: person,
                    action: "endpoint.add",
                    object: "endpoint:\(made.id)",
                    after: ["url": .text(made.url)]
                )
            )
            return made
        }
        let answer = JSONValue.fields(
            ("id", .integer(made.id.number)),
            ("url", .text(made.url)),
            ("events", .list(made.kinds.map { .text($0.rawValue) })),
            ("created", .text(ISOTime.text(milliseconds: made.createdMilliseconds))),
            ("secret", .text(made.secret))
        )
        return .json(answer, status: .created)
    }

    private static let remove = Endpoint(
        method: .delete,
        path: "/api/v1/endpoints/{id}",
        summary: "Tell an address of nothing any more.",
        status: .noContent
    ) { ask in
        let id = EndpointID(try ask.number("id", "endpoint"))
        let person = ask.person
        try await ask.parts.store.write { writer in
            try writer.removeEndpoint(id)
            try writer.audit(
                AuditNote(actor: person, action: "endpoint.remove", object: "endpoint:\(id)")
            )
        }
        return Response(status: .noContent)
    }

    // MARK: Deliveries

    private static let deliveries = Endpoint(
        method: .get,
        path: "/api/v1/deliveries",
        summary: "Attempts to tell somebody of events, the newest first.",
        query: [
            .init(
                name: "endpoint",
                schema: .identifier,
                meaning: "Only those to this address, by its id."
            ),
            .init(
                name: "limit",
                schema: .integer(1...WebLimits.pageMax),
                meaning: "Items of a page."
            ),
            .init(
                name: "cursor",
                schema: .identifier,
                meaning: "From the page before."
            ),
        ],
        answer: .page(
            .fields(
                ("time", .instant),
                ("endpoint", .identifier),
                ("event", .optional(.identifier)),
                ("type", .text),
                ("attempt", .count),
                ("outcome", .text),
                ("status", .optional(.count)),
                ("reason", .optional(.text)),
                ("milliseconds", .count)
            )
        )
    ) { ask in
        let limit = try ask.query.limit()
        let endpoint = try ask.query.integer("endpoint", in: 1...Int.max)
        let cursor = try ask.query.integer("cursor", in: 1...Int.max)
        let rows = try await ask.parts.store.deliveries(
            to: endpoint.map { EndpointID(Int64($0)) },
            before: cursor.map { Int64($0) },
            limit: limit + 1
        )
        let page = rows.prefix(limit)
        return .page(
            page.map(\.delivery.json),
            next: rows.count > limit ? page.last.map { "\($0.place)" } : nil,
            ask.query
        )
    }
}
