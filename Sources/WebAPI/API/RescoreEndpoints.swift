import CallStore
import Conversion
import Foundation
import Hummingbird
import Reports

/// Judging calls anew: what it would change, the start, how far it is, the end.
enum RescoreEndpoints {
    static var all: [Endpoint] { [list, one, start, cancel, resume] }

    /// Calls that are looked at while somebody waits for what would change.
    static let triedMax = 20_000

    /// Runs at a time that are started here.
    static let runningMax = 1

    /// Calls that change, to be named before the start.
    static let changesMax = 20

    private static let rescore = Schema.fields(
        ("id", .text),
        ("state", .word(Rescore.State.self)),
        ("version", .text),
        ("calls", .count),
        ("lookedAt", .count),
        ("added", .count),
        ("withdrawn", .count),
        ("changed", .count),
        ("locked", .count),
        ("secondsLeft", .optional(.count)),
        ("closedReason", .optional(.text)),
        ("by", .text),
        ("started", .instant),
        ("ended", .optional(.instant))
    )

    private static func json(_ rescore: Rescore) -> JSONValue {
        .fields(
            ("id", .text(rescore.id.text)),
            ("state", .text(rescore.state.rawValue)),
            ("version", .text(rescore.order.version)),
            ("calls", .count(rescore.calls)),
            ("lookedAt", .count(rescore.tally.lookedAt)),
            ("added", .count(rescore.tally.added)),
            ("withdrawn", .count(rescore.tally.withdrawn)),
            ("changed", .count(rescore.tally.changed)),
            ("locked", .count(rescore.tally.locked)),
            ("secondsLeft", .optional(rescore.secondsLeft)),
            ("closedReason", .optional(rescore.order.closedReason)),
            ("by", .text(rescore.order.person)),
            ("started", .text(ISOTime.text(milliseconds: rescore.createdMilliseconds))),
            (
                "ended",
                .optional(rescore.endedMilliseconds.map(ISOTime.text(milliseconds:)))
            )
        )
    }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/rescores",
        summary: "Judgings anew, the newest first; at most \(WebLimits.pageMax).",
        answer: .fields(("items", .list(rescore)))
    ) { ask in
        let found = try await ask.parts.store.rescores(limit: WebLimits.pageMax)
        return .json(.fields(("items", .list(found.map { json($0) }))))
    }

    private static func find(_ ask: Ask) async throws -> Rescore {
        guard let id = RescoreID(try ask.word("id")),
            let found = try await ask.parts.store.rescore(id)
        else {
            throw APIError(.notFound, "There is no such judging anew.")
        }
        return found
    }

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/rescores/{id}",
        summary: "How far a judging anew is.",
        answer: rescore
    ) { ask in .json(json(try await find(ask))) }

    // MARK: Start

    private struct Sent: Decodable {
        var version: String
        var from: String
        var to: String
        var closedReason: String?
        var dryRun: Bool?
    }

    private static let part = Schema.fields(
        ("type", .text),
        ("added", .count),
        ("withdrawn", .count),
        ("changed", .count)
    )

    private static let change = Schema.fields(
        ("call", .identifier),
        ("conversation", .text),
        ("kind", .word(RescoreChange.Kind.self)),
        ("typeBefore", .optional(.text)),
        ("typeAfter", .optional(.text))
    )

    private static let start = Endpoint(
        method: .post,
        path: "/api/v1/rescores",
        summary: "Say what judging calls of some days anew would change; dryRun false starts it.",
        body: .sent(
            [("version", .text), ("from", .day), ("to", .day)],
            optional: [("closedReason", .bounded(1...500)), ("dryRun", .bool)]
        ),
        answer: .fields(
            ("id", .optional(.text)),
            ("calls", .count),
            ("conversionsBefore", .count),
            ("conversionsAfter", .count),
            ("added", .count),
            ("withdrawn", .count),
            ("changed", .count),
            ("locked", .count),
            ("types", .list(part)),
            ("changes", .list(change))
        )
    ) { ask in
        let sent = try await ask.body(Sent.self)
        let reason = sent.closedReason?.trimmingCharacters(in: .whitespacesAndNewlines)
        try APIError.check(reason, "closedReason", in: 1...500)
        let store = ask.parts.store
        guard let from = LocalDay(sent.from), let to = LocalDay(sent.to), from <= to else {
            throw APIError(.badRequest, "from and to must be days, such as 2026-05-31, in order.")
        }
        guard let rules = try await RuleDesk(parts: ask.parts).rules(sent.version) else {
            throw APIError(.refused, "There is no such version, or its text was not kept.")
        }
        let zone = TimeZone(identifier: try await store.reportZone()) ?? .gmt
        let words = PageWords(zone: zone, nowUnix: 0)
        let order = RescoreOrder(
            version: rules.version,
            fromUnix: words.start(of: from),
            toUnix: words.start(of: to + 1),
            closedReason: reason,
            person: ask.person
        )
        let calls = try await store.judgeable(fromUnix: order.fromUnix, toUnix: order.toUnix).calls
        guard calls <= triedMax else {
            throw APIError(
                .refused,
                "These days have \(calls) calls; more than \(triedMax) are judged anew by "
                    + "`ringback rules rescore start`."
            )
        }
        let desk = steering(ask)
        let preview = try await desk.preview(order, by: rules, listed: changesMax)
        var id: RescoreID?
        if sent.dryRun == false {
            id = try await alone { try await desk.start(order, by: rules) }
        }
        return .json(json(preview, id))
    }

    private static func steering(_ ask: Ask) -> RescoreSteering {
        RescoreSteering(
            store: ask.parts.store,
            ambient: ask.parts.ambient,
            runningMax: runningMax
        )
    }

    /// Says in words that another one runs.
    private static func alone<Value: Sendable>(
        _ act: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await act()
        } catch StoreError.stale {
            throw APIError(.conflict, "Calls are being judged anew already.")
        }
    }

    private static func json(_ preview: RescorePreview, _ id: RescoreID?) -> JSONValue {
        let tally = preview.tally
        return .fields(
            ("id", .optional(id?.text)),
            ("calls", .count(tally.lookedAt)),
            ("conversionsBefore", .count(preview.before)),
            ("conversionsAfter", .count(preview.after)),
            ("added", .count(tally.added)),
            ("withdrawn", .count(tally.withdrawn)),
            ("changed", .count(tally.changed)),
            ("locked", .count(tally.locked)),
            (
                "types",
                .list(
                    preview.types.map {
                        .fields(
                            ("type", .text($0.type)),
                            ("added", .count($0.tally.added)),
                            ("withdrawn", .count($0.tally.withdrawn)),
                            ("changed", .count($0.tally.changed))
                        )
                    }
                )
            ),
            (
                "changes",
                .list(
                    preview.changes.map {
                        .fields(
                            ("call", .integer($0.call.number)),
                            ("conversation", .text($0.conversationID)),
                            ("kind", .text($0.kind.rawValue)),
                            ("typeBefore", .optional($0.typeBefore)),
                            ("typeAfter", .optional($0.typeAfter))
                        )
                    }
                )
            )
        )
    }

    // MARK: Steering

    private static let cancel = Endpoint(
        method: .post,
        path: "/api/v1/rescores/{id}/cancel",
        summary: "Stop one before its next batch; what it has changed stays.",
        status: .noContent
    ) { ask in
        let id = try await find(ask).id
        guard try await steering(ask).cancel(id, by: ask.person) else {
            throw APIError(.refused, "It does not run.")
        }
        return Response(status: .noContent)
    }

    private static let resume = Endpoint(
        method: .post,
        path: "/api/v1/rescores/{id}/resume",
        summary: "Let a cancelled one go on where it stopped.",
        status: .noContent
    ) { ask in
        let id = try await find(ask).id
        let desk = steering(ask)
        let person = ask.person
        let isResumed = try await alone { try await desk.resume(id, by: person) }
        guard isResumed else {
            throw APIError(.refused, "Only a cancelled one goes on.")
        }
        return Response(status: .noContent)
    }
}
