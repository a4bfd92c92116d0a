import CallStore
import Hummingbird
import PhoneNumbers
import Reports
import Upkeep

/// Erasing the caller of a call.
enum ErasureEndpoints {
    static var all: [Endpoint] { [erase, list] }

    /// What a person types, so that nobody erases by a slip.
    static let word = "erase"

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/erasures",
        summary: "The newest erasures of callers: what went, what is to do, who is to be told.",
        query: [CallEndpoints.paging[0]],
        answer: .page(
            .fields(
                ("erasure", .identifier),
                ("caller", .text),
                ("by", .text),
                ("requested", .instant),
                ("finished", .optional(.instant)),
                ("step", .word(Erasure.Step.self)),
                ("calls", .count),
                ("recipients", .count),
                ("bodies", .count),
                ("deadJobs", .count),
                ("files", .list(.text)),
                ("upstreamAsked", .count),
                ("upstreamWaiting", .count),
                (
                    "sentTo",
                    .list(
                        .fields(
                            ("kind", .text),
                            ("person", .text),
                            ("at", .instant),
                            ("what", .text)
                        )
                    )
                )
            )
        )
    ) { ask in
        guard ask.context.principal.rights >= .admin else {
            throw APIError(.notAllowed, "Only administrators may see who was erased when.")
        }
        let erasures = try await ask.parts.store.erasures(limit: try ask.query.limit())
        return .page(erasures.map(\.json), next: nil, ask.query)
    }

    private struct Sent: Decodable {
        var confirm: String
    }

    private static let erase = Endpoint(
        method: .post,
        path: "/api/v1/calls/{id}/erasure",
        summary: "Erase the caller of a call, for administrators; the upkeep worker does it.",
        body: .sent([("confirm", .words([word]))]),
        answer: .fields(("erasure", .identifier), ("caller", .text), ("calls", .count)),
        status: .accepted
    ) { ask in
        guard ask.context.principal.rights >= .admin else {
            throw APIError(.notAllowed, "Only administrators may erase a caller.")
        }
        let sent = try await ask.body(Sent.self)
        guard sent.confirm == word else {
            throw APIError(.badRequest, "confirm must be the word \(word).")
        }
        let call = try await CallEndpoints.call(of: ask)
        guard let caller = call.record.caller?.identity else {
            throw APIError(.refused, "Nothing is kept by which this caller could be found.")
        }
        let store = ask.parts.store
        let id = try await Eraser.begin(caller, by: ask.person, in: store, upkeepAfter: .zero)
        guard let erasure = try await store.erasure(id) else {
            throw StoreError.notFound(what: "erasure \(id)")
        }
        return .json(
            .fields(
                ("erasure", .integer(id.number)),
                ("caller", .text(erasure.object)),
                ("calls", .count(erasure.report.calls))
            ),
            status: .accepted
        )
    }
}
