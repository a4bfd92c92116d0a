import CallStore
import Conversion
import Foundation
import Hummingbird
import Reports

/// Rules, the labels that wait, and the audit log.
enum RecordEndpoints {
    static var all: [Endpoint] { [rules, rule, check, activate, labels, auditLog] }

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

    private struct Sent: Decodable {
        var text: String
        var form: String?
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
            (
                "problems",
                .list(
                    .fields(("line", .optional(.count)), ("field", .text), ("reason", .text))
                )
            )
        )
    ) { ask in
        let sent = try await ask.body(Sent.self)
        guard ["yaml", "text", nil].contains(sent.form) else {
            throw APIError(.badRequest, "form must be yaml or text.")
        }
        guard sent.text.unicodeScalars.count <= RulesLimits.fileBytesMax else {
            throw APIError(.badRequest, "text may have \(RulesLimits.fileBytesMax) characters.")
        }
        do throws(RulesFileError) {
            let ending = sent.form == "text" ? RulesFile.textSuffix : ".yaml"
            let rules = try RulesFile.parse(sent.text, file: "sent" + ending)
            return .json(
                .fields(
                    ("ok", .bool(true)),
                    ("version", .text(rules.version)),
                    ("types", .list(rules.types.map { .text($0) })),
                    ("problems", .list([]))
                )
            )
        } catch {
            return .json(
                .fields(
                    ("ok", .bool(false)),
                    ("version", .null),
                    ("types", .list([])),
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

    private struct Activation: Decodable {
        var confirm: Bool?
        var note: String?
    }

    private static let activate = Endpoint(
        method: .post,
        path: "/api/v1/rules/{name}/activate",
        summary:
            "Make a version the one that counts, for calls from now on; needs confirm against labels.",
        body: .sent(
            [],
            optional: [("confirm", .bool), ("note", .bounded(CallEndpoints.noteRange))]
        ),
        answer: .fields(("version", .text), ("warnings", .list(.text)))
    ) { ask in
        let sent = try await ask.body(Activation.self)
        try APIError.check(sent.note, "note", in: CallEndpoints.noteRange)
        let (stored, rules) = try await find(ask)
        let warnings = try await warnings(promoting: rules, ask)
        guard warnings.isEmpty || sent.confirm == true else {
            var error = APIError(
                .conflict,
                "The labels that were held back speak against it; send confirm to go on."
            )
            error.members = [.init(name: "warnings", value: .list(warnings.map { .text($0) }))]
            throw error
        }
        let (person, note) = (ask.person, sent.note.flatMap { $0.isEmpty ? nil : $0 })
        try await ask.parts.store.write { writer in
            try writer.point(.active, to: stored.version, by: person, note: note)
        }
        return .json(
            .fields(
                ("version", .text(stored.version)),
                ("warnings", .list(warnings.map { .text($0) }))
            )
        )
    }

    /// What speaks against a version, as the command line says it.
    private static func warnings(promoting rules: RuleSet, _ ask: Ask) async throws -> [String] {
        let store = ask.parts.store
        let path = ask.parts.places.rulesFile
        let pointers = try await store.rulePointers()
        let file: RuleSet
        do throws(RulesFileError) {
            file = try RulesFile.load(URL(fileURLWithPath: path))
        } catch {
            // Without the file what counts now is known only where a version was made active.
            guard let version = pointers[.active]?.version,
                let kept = try await store.ruleVersion(version), let active = try RuleSet(kept)
            else { return [] }
            let library = RuleLibrary(store: store) { active }
            return try await RuleBench(store: store, library: library)
                .warnings(promoting: rules, over: active)
        }
        let library = RuleLibrary(store: store) { file }
        let active = try await library.inUse().active
        return try await RuleBench(store: store, library: library)
            .warnings(promoting: rules, over: active)
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
