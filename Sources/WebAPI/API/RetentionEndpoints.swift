import CallStore
import Foundation
import Hummingbird
import Reports
import Upkeep

/// How long what is known of people stays.
enum RetentionEndpoints {
    static var all: [Endpoint] { [list, trial, set] }

    /// What a person types where something would be removed sooner.
    static let word = "shorten"

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/retention",
        summary: "How many days each class of what is known of people stays, and who said so.",
        answer: .page(
            .fields(
                ("class", .word(RetentionClass.self)),
                ("days", .number),
                ("usualDays", .number),
                ("setBy", .optional(.text))
            )
        )
    ) { ask in
        let rows = try await RetentionRow.all(ask.parts)
        return .page(
            rows.map { row in
                .fields(
                    ("class", .text(row.what.rawValue)),
                    ("days", .number(row.kept / .days(1))),
                    ("usualDays", .number(row.usual / .days(1))),
                    ("setBy", .optional(row.person))
                )
            },
            next: nil,
            ask.query
        )
    }

    private struct Sent: Decodable {
        var days: Int
        var confirm: String?
    }

    private static let days: (String, Schema) = ("days", .integer(RetentionClass.daysRange))

    private static func row(_ ask: Ask) async throws -> RetentionRow {
        let name = try ask.word("class")
        let rows = try await RetentionRow.all(ask.parts)
        guard let row = rows.first(where: { $0.what.rawValue == name }) else {
            throw APIError(.notFound, "There is no such class.")
        }
        return row
    }

    private static func sent(_ ask: Ask) async throws -> Sent {
        let sent = try await ask.body(Sent.self)
        let range = RetentionClass.daysRange
        guard range.contains(sent.days) else {
            throw APIError(
                .badRequest,
                "days takes \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return sent
    }

    private static let trial = Endpoint(
        method: .post,
        path: "/api/v1/retention/{class}/trial",
        summary: "Count what the next night would remove after another period; nothing is changed.",
        body: .sent([days], optional: [("confirm", .text)]),
        answer: .fields(
            ("due", .count),
            ("areAll", .bool),
            ("word", .optional(.text)),
            ("text", .text)
        )
    ) { ask in
        let row = try await row(ask)
        let kept = Duration.days(try await sent(ask).days)
        let due = try await ask.parts.store.due(row.what, keptFor: kept, limit: countedMax)
        let rows = (due.areAll ? "" : "more than ") + PageWords.count(due.rows, "row")
        let also = row.what.takesBodies ? bodiesToo : ""
        let text =
            kept == row.kept
            ? "It stays so long already."
            : kept < row.kept
                ? "The next night would remove \(rows) for good, and nothing brings them back."
                    + also
                : "Nothing is removed sooner; the next night would remove \(rows)."
        return .json(
            .fields(
                ("due", .count(due.rows)),
                ("areAll", .bool(due.areAll)),
                ("word", .optional(kept < row.kept ? word : nil)),
                ("text", .text(text))
            )
        )
    }

    private static let bodiesToo =
        " The details and list rows of these calls as they came go with them."

    /// Rows of each kind that are counted; what is more says so.
    private static let countedMax = 10_000

    private static let set = Endpoint(
        method: .put,
        path: "/api/v1/retention/{class}",
        summary:
            "Say how many days a class stays; a shorter period takes the word that confirms it.",
        body: .sent([days], optional: [("confirm", .text)]),
        answer: .fields(("days", .count), ("changed", .bool))
    ) { ask in
        let row = try await row(ask)
        let sent = try await sent(ask)
        let kept = Duration.days(sent.days)
        let (person, isAgreed) = (ask.person, sent.confirm == word)
        let change = try await ask.parts.store.write {
            // What the settings say needs no word of anybody's. Whether it is shorter is seen here:
            // somebody else may have said another period since this one was counted.
            try $0.setRetention(
                kept == row.usual ? nil : kept,
                of: row.what,
                usual: row.usual,
                by: person,
                mayShorten: isAgreed
            )
        }
        guard change != .wouldShorten else {
            throw APIError(
                .badRequest,
                "A shorter period removes more for good: confirm must be the word \(word)."
            )
        }
        return .json(
            .fields(("days", .count(sent.days)), ("changed", .bool(change == .changed)))
        )
    }
}

/// A class, and how long it stays.
struct RetentionRow {
    var what: RetentionClass
    var kept: Duration

    /// By the settings of the programs.
    var usual: Duration

    /// Who has said otherwise.
    var person: String?

    static func all(_ parts: WebParts) async throws -> [RetentionRow] {
        let set = Dictionary(
            try await parts.store.retentionSettings().map { ($0.what, $0) },
            uniquingKeysWith: { $1 }
        )
        return RetentionClass.allCases.map { what in
            let usual = parts.places.kept[what]
            return RetentionRow(
                what: what,
                kept: set[what]?.kept ?? usual,
                usual: usual,
                person: set[what]?.person
            )
        }
    }

    var title: String {
        switch what {
        case .numbers: "Numbers of callers and recipients"
        case .transcripts: "Transcripts, summaries and collected values"
        case .rawBodies: "Details and list rows as they came"
        case .webhooks: "Webhooks as they came"
        }
    }

    /// `396 days`, or the hours of a period that is no whole number of days.
    static func words(_ period: Duration) -> String {
        let hours = Int(period.components.seconds / 3_600)
        return hours.isMultiple(of: 24)
            ? PageWords.count(hours / 24, "day") : PageWords.count(hours, "hour")
    }

    var view: View {
        [
            "class": what.rawValue, "title": title, "kept": Self.words(kept),
            "usual": Self.words(usual),
            "days": "\(max(1, Int(kept / .days(1))))",
            "by": person.map { "set by \($0)" } ?? "by the settings",
            "min": "\(RetentionClass.daysRange.lowerBound)",
            "max": "\(RetentionClass.daysRange.upperBound)",
        ]
    }
}
