import CallStore
import Foundation
import Hummingbird
import PhoneNumbers
import Reports

/// Numbers of ours, whose calls are excluded as tests.
enum InternalNumberEndpoints {
    static var all: [Endpoint] { [list, trial, add, remove] }

    private static let numberRange = 1...64

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/internal-numbers",
        summary: "The numbers whose calls are excluded as internal, masked.",
        query: [CallEndpoints.numbers],
        answer: .page(
            .fields(
                ("id", .text),
                ("number", .optional(.text)),
                ("calls", .count),
                ("added", .instant)
            )
        )
    ) { ask in
        let showNumbers = try ask.showsNumbers()
        let numbers = try await ask.parts.store.internalNumbers()
        return .page(
            numbers.map { number in
                .fields(
                    ("id", .text(number.id)),
                    (
                        "number",
                        .optional(CallSummary.number(number.number, showNumbers: showNumbers))
                    ),
                    ("calls", .count(number.calls)),
                    ("added", .text(ISOTime.text(unix: number.addedMilliseconds / 1_000)))
                )
            },
            next: nil,
            ask.query
        )
    }

    private static let answer: Schema = .fields(
        ("listed", .bool),
        ("calls", .count),
        ("recounted", .count),
        ("text", .text)
    )

    private struct Sent: Decodable {
        var number: String
    }

    private static func number(_ ask: Ask) async throws -> PartyNumber {
        let sent = try await ask.body(Sent.self)
        try APIError.check(sent.number, "number", in: numberRange)
        let normalizer = NumberNormalizer()
        let read = normalizer.read(sent.number, region: Region(ask.parts.places.region))
        let number = PartyNumber(read, normaliserVersion: normalizer.version)
        guard number.e164 != nil else {
            throw APIError(.refused, "That is no telephone number; write it as +14155550123.")
        }
        return number
    }

    private static let trial = Endpoint(
        method: .post,
        path: "/api/v1/internal-numbers/trial",
        summary: "Count how many calls a number would exclude; nothing is changed.",
        body: .sent([("number", .bounded(numberRange))]),
        answer: answer
    ) { ask in
        let number = try await number(ask)
        let change = try await ask.parts.store.write { try $0.internalNumberTrial(number) }
        let calls = PageWords.count(change.calls, "call")
        let text =
            if change.isListed {
                "The number is on the list already; its \(calls) are excluded."
            } else if let reason = change.refusal {
                "It cannot be added: \(reason)."
            } else {
                "\(calls) of it are known; \(PageWords.count(change.recounted)) more would be "
                    + "excluded, and the figures of their days change at once."
            }
        return .json(json(change, text))
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/internal-numbers",
        summary: "Exclude the calls of a number, old ones and new ones.",
        body: .sent([("number", .bounded(numberRange))]),
        answer: answer
    ) { ask in
        let number = try await number(ask)
        let person = ask.person
        let change: InternalNumberChange
        do {
            change = try await ask.parts.store.write { try $0.addInternal(number, by: person) }
        } catch StoreError.rejected(let reason) {
            throw APIError(.refused, "Not added: \(reason).")
        }
        return .json(
            json(
                change,
                change.isListed
                    ? "It is on the list already."
                    : "\(PageWords.count(change.recounted, "call")) excluded."
            )
        )
    }

    private static let remove = Endpoint(
        method: .delete,
        path: "/api/v1/internal-numbers/{id}",
        summary: "Count a number's calls again; not those that a person excluded, or that lost it.",
        answer: answer
    ) { ask in
        let id = try ask.word("id")
        let person = ask.person
        let change = try await ask.parts.store.write { try $0.removeInternal(id, by: person) }
        guard let change else { throw APIError(.notFound, "There is no such number.") }
        return .json(
            json(
                change,
                "\(PageWords.count(change.recounted, "call")) counted again; those whose number "
                    + "is kept no longer stay excluded."
            )
        )
    }

    private static func json(_ change: InternalNumberChange, _ text: String) -> JSONValue {
        .fields(
            ("listed", .bool(change.isListed)),
            ("calls", .count(change.calls)),
            ("recounted", .count(change.recounted)),
            ("text", .text(text))
        )
    }
}
