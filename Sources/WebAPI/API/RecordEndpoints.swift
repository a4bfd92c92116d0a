import CallStore
import Conversion
import Foundation
import Hummingbird
import Reports

/// Rules, the labels that wait, and the audit log.
enum RecordEndpoints {
    static var all: [Endpoint] { [rules, rule, check, labels, auditLog] }

    /// Versions that the list shows.
    private static let versionsMax = 200

    // MARK: Rules

    private static let version = Schema.fields(
        ("version", .text),
        ("name", .text),
        ("types", .list(.text)),
        ("firstUsed", .instant),
        ("calls", .count),
        ("role", .optional(.text)),
        ("wasActive", .bool)
    )

    private static let rules = Endpoint(
        method: .get,
        path: "/api/v1/rules",
        summary: "The versions of the rules, the last used first.",
        answer: .list(version)
    ) { ask in
        let versions = try await ask.parts.store.ruleVersions(limit: versionsMax)
        return .json(
            .list(
                versions.map { version in
                    .fields(
                        ("version", .text(version.version)),
                        ("name", .text(version.name)),
                        ("types", .list(version.types.map { .text($0) })),
                        (
                            "firstUsed",
                            .text(ISOTime.text(milliseconds: version.firstUsedMilliseconds))
                        ),
                        ("calls", .count(version.calls)),
                        ("role", .optional(version.role?.rawValue)),
                        ("wasActive", .bool(version.wasActive))
                    )
                }
            )
        )
    }

    private static func find(_ ask: Ask) async throws -> (RuleVersion, RuleSet) {
        let name = try ask.word("name")
        guard let stored = try await ask.parts.store.ruleVersion(name),
            let rules = try RuleSet(stored)
        else { throw APIError(.notFound, "There is no such version, or its text was not kept.") }
        return (stored, rules)
    }

    private static let rule = Endpoint(
        method: .get,
        path: "/api/v1/rules/{name}",
        summary: "One version of the rules with its text.",
        answer: .fields(
            ("version", .text),
            ("name", .text),
            ("types", .list(.text)),
            ("text", .text)
        )
    ) { ask in
        let (stored, rules) = try await find(ask)
        return .json(
            .fields(
                ("version", .text(stored.version)),
                ("name", .text(stored.name)),
                ("types", .list(rules.types.map { .text($0) })),
                ("text", .text(stored.source?.text ?? ""))
            )
        )
    }

    private static let check = Endpoint(
        method: .post,
        path: "/api/v1/rules/check",
        summary: "Say what is wrong with a rules text, line by line; nothing is kept.",
        body: .sent(
            [("text", .bounded(0...RulesLimits.fileBytesMax))],
            optional: [("form", .words(["yaml", "text"]))]
        ),
        answer: .fields(
            ("ok", .bool),
            ("version", .optional(.text)),
            ("types", .list(.text)),
            ("echo", .list(.fields(("rule", .text), ("text", .text)))),
            (
                "problems",
                .list(
                    .fields(("line", .optional(.count)), ("field", .text), ("reason", .text))
                )
            )
        )
    ) { ask in
        let sent = try await ask.body(SentRules.self)
        try sent.check()
        do throws(RulesFileError) {
            let rules = try sent.rules()
            return .json(
                .fields(
                    ("ok", .bool(true)),
                    ("version", .text(rules.version)),
                    ("types", .list(rules.types.map { .text($0) })),
                    (
                        "echo",
                        .list(
                            rules.rules.map {
                                .fields(("rule", .text($0.id)), ("text", .text($0.echo)))
                            }
                        )
                    ),
                    ("problems", .list([]))
                )
            )
        } catch {
            return .json(
                .fields(
                    ("ok", .bool(false)),
                    ("version", .null),
                    ("types", .list([])),
                    ("echo", .list([])),
                    (
                        "problems",
                        .list(
                            error.problems.map { problem in
                                .fields(
                                    ("line", .optional(problem.line)),
                                    ("field", .text(problem.field)),
                                    ("reason", .text(problem.reason))
                                )
                            }
                        )
                    )
                )
            )
        }
    }

    // MARK: Labels

    private static let labels = Endpoint(
        method: .get,
        path: "/api/v1/labels/queue",
        summary:
            "The next call to be labelled of a type's newest sample; what rules say is left out.",
        query: [.init(name: "type", schema: .text, meaning: "The type of conversion; needed.")],
        answer: .fields(
            ("call", .optional(.identifier)),
            ("type", .text),
            ("sample", .optional(.text)),
            ("left", .count)
        )
    ) { ask in
        guard let type = try ask.query.text("type", lengthMax: 100) else {
            throw APIError(.badRequest, "type is needed: which conversion is labelled.")
        }
        let store = ask.parts.store
        var task: LabelTask?
        if let sample = try await store.newestSample(ofType: type) {
            task = try await store.nextLabel(of: sample.id, for: ask.person)
        }
        return .json(
            .fields(
                ("call", task.map { .integer($0.call.number) } ?? .null),
                ("type", .text(type)),
                ("sample", .optional(task?.sample.text)),
                ("left", .count(task?.left ?? 0))
            )
        )
    }

    // MARK: The audit log

    private static let auditLog = Endpoint(
        method: .get,
        path: "/api/v1/audit-log",
        summary: "Who did what, the newest first.",
        query: [
            .init(name: "action", schema: .text, meaning: "Only this action, or group of them."),
            .init(name: "object", schema: .text, meaning: "Only what was done to this."),
        ] + CallEndpoints.paging,
        answer: .page(
            .fields(
                ("position", .identifier),
                ("at", .instant),
                ("actor", .text),
                ("action", .text),
                ("object", .text),
                ("before", .anything),
                ("after", .anything),
                ("reason", .optional(.text)),
                ("hash", .text)
            )
        )
    ) { ask in
        let query = ask.query
        let limit = try query.limit()
        let entries = try await ask.parts.store.auditLog(
            before: query.integer("cursor", in: 1...Int.max).map { Int64($0) },
            action: query.text("action"),
            object: query.text("object"),
            limit: limit
        )
        let items = entries.map { entry in
            JSONValue.fields(
                ("position", .integer(entry.position)),
                ("at", .text(ISOTime.text(milliseconds: entry.atMilliseconds))),
                ("actor", .text(entry.note.actor)),
                ("action", .text(entry.note.action)),
                ("object", .text(entry.note.object)),
                ("before", entry.note.before.map { JSONValue(.object($0)) } ?? .null),
                ("after", entry.note.after.map { JSONValue(.object($0)) } ?? .null),
                ("reason", .optional(entry.note.reason)),
                ("hash", .text(entry.hashText))
            )
        }
        let last = entries.last.map { String($0.position) }
        return .page(items, next: entries.count < limit ? nil : last, query)
    }
}
