import CallStore
import Conversion
import Foundation
import Hummingbird
import Reports

/// What a text of rules would count, and how two versions differ.
enum RuleTrialEndpoints {
    static var all: [Endpoint] { [trial, difference] }

    // MARK: Trial

    private static let place = Schema.fields(
        ("rule", .text),
        ("detail", .text),
        ("turn", .optional(.count)),
        ("seconds", .optional(.count))
    )

    private static let row = Schema.fields(
        ("call", .identifier),
        ("conversation", .text),
        ("started", .optional(.instant)),
        ("before", .word(Ternary.self)),
        ("typeBefore", .optional(.text)),
        ("after", .word(Ternary.self)),
        ("typeAfter", .optional(.text)),
        ("change", .optional(.word(RescoreChange.Kind.self))),
        ("evidence", .list(place))
    )

    private static let trial = Endpoint(
        method: .post,
        path: "/api/v1/rules/trial",
        summary: "Try a rules text on the newest 100 calls beside the rules in use; keeps nothing.",
        body: .sent(
            [("text", .bounded(0...RulesLimits.fileBytesMax))],
            optional: [("form", .words(["yaml", "text"]))]
        ),
        answer: .fields(
            ("calls", .count),
            ("conversionsBefore", .count),
            ("conversionsAfter", .count),
            ("added", .count),
            ("withdrawn", .count),
            ("changed", .count),
            ("text", .text),
            ("rows", .list(row))
        )
    ) { ask in
        let sent = try await ask.body(SentRules.self)
        try sent.check()
        let rules: RuleSet
        do throws(RulesFileError) {
            rules = try sent.rules()
        } catch {
            throw APIError(.refused, "The rules are not whole: \(error.description)")
        }
        let desk = RuleDesk(parts: ask.parts)
        let trial = try await DraftTrial(
            of: rules,
            beside: desk.inUse(),
            in: ask.parts.store
        )
        return .json(
            .fields(
                ("calls", .count(trial.calls)),
                ("conversionsBefore", .count(trial.before)),
                ("conversionsAfter", .count(trial.after)),
                ("added", .count(trial.count(.added))),
                ("withdrawn", .count(trial.count(.withdrawn))),
                ("changed", .count(trial.count(.changed))),
                ("text", .text(words(trial))),
                ("rows", .list(trial.rows.map(json)))
            )
        )
    }

    /// One sentence for people.
    private static func words(_ trial: DraftTrial) -> String {
        guard trial.calls > 0 else { return "There is no call yet to try it on." }
        let (added, withdrawn) = (trial.count(.added), trial.count(.withdrawn))
        return "Of the last \(trial.calls) calls \(trial.after) would count, \(trial.before) do by "
            + "the rules in use: \(added) added, \(withdrawn) withdrawn, "
            + "\(trial.count(.changed)) of another type or worth."
    }

    private static func json(_ row: DraftTrial.Row) -> JSONValue {
        .fields(
            ("call", .integer(row.call.number)),
            ("conversation", .text(row.conversationID)),
            (
                "started",
                .optional(row.startedUnix.map { ISOTime.text(milliseconds: $0 * 1_000) })
            ),
            ("before", .text(row.before.outcome.rawValue)),
            ("typeBefore", .optional(row.before.type)),
            ("after", .text(row.after.outcome.rawValue)),
            ("typeAfter", .optional(row.after.type)),
            ("change", .optional(row.kind?.rawValue)),
            ("evidence", .list(row.evidence.compactMap(json)))
        )
    }

    private static func json(_ place: StoredValue) -> JSONValue? {
        guard case .object(let fields) = place else { return nil }
        func number(_ name: String) -> JSONValue {
            guard case .integer(let number)? = fields[name] else { return .null }
            return .integer(number)
        }
        return .fields(
            ("rule", .text(PageDesk.text(fields["rule"]))),
            ("detail", .text(PageDesk.text(fields["detail"]))),
            ("turn", number("turn")),
            ("seconds", number("seconds"))
        )
    }

    // MARK: Difference

    private static let difference = Endpoint(
        method: .get,
        path: "/api/v1/rules/{name}/difference",
        summary: "How a version differs from another one, rule by rule in words and line by line.",
        query: [
            .init(
                name: "from",
                schema: .text,
                meaning: "The other version; the rules in use if left out."
            )
        ],
        answer: .fields(
            ("from", .text),
            ("to", .text),
            (
                "rules",
                .list(
                    .fields(
                        ("rule", .text),
                        ("kind", .words(["added", "removed", "changed", "moved"])),
                        ("before", .optional(.text)),
                        ("after", .optional(.text))
                    )
                )
            ),
            (
                "lines",
                .optional(
                    .list(
                        .fields(
                            ("kind", .word(LineDifference.Kind.self)),
                            ("old", .optional(.count)),
                            ("new", .optional(.count)),
                            ("text", .text)
                        )
                    )
                )
            )
        )
    ) { ask in
        let desk = RuleDesk(parts: ask.parts)
        let from = try ask.query.text("from")
        let found = try await (
            from == nil ? desk.inUse() : desk.rules(from ?? ""), desk.rules(ask.word("name"))
        )
        guard let old = found.0, let new = found.1 else {
            throw APIError(.notFound, "There is no such version, or its text was not kept.")
        }
        let rules = RuleDifference.between(old, new)
        let lines = LineDifference(from: old.source, to: new.source)
        return .json(
            .fields(
                ("from", .text(old.version)),
                ("to", .text(new.version)),
                (
                    "rules",
                    .list(
                        rules.map { rule in
                            .fields(
                                ("rule", .text(rule.rule)),
                                ("kind", .text(rule.kind.rawValue)),
                                ("before", .optional(rule.before)),
                                ("after", .optional(rule.after))
                            )
                        }
                    )
                ),
                ("lines", lines.map { .list($0.lines.map(json)) } ?? .null)
            )
        )
    }

    private static func json(_ line: LineDifference.Line) -> JSONValue {
        .fields(
            ("kind", .text(line.kind.rawValue)),
            ("old", .optional(line.old)),
            ("new", .optional(line.new)),
            ("text", .text(line.text))
        )
    }
}
