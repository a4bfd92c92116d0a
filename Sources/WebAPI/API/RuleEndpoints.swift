import CallStore
import Conversion
import Foundation
import Hummingbird
import Reports

/// A text of rules as it is sent.
struct SentRules: Decodable, Sendable {
    var text: String
    var form: String?

    func check() throws(APIError) {
        guard ["yaml", "text", nil].contains(form) else {
            throw APIError(.badRequest, "form must be yaml or text.")
        }
        guard text.unicodeScalars.count <= RulesLimits.fileBytesMax else {
            throw APIError(.badRequest, "text may have \(RulesLimits.fileBytesMax) characters.")
        }
    }

    /// - Throws: `RulesFileError` with each problem and its line.
    func rules(named name: String = "sent") throws(RulesFileError) -> RuleSet {
        try RulesFile.parse(text, file: name + (form == "text" ? RulesFile.textSuffix : ".yaml"))
    }
}

/// Keeping versions of the rules, and saying which one counts.
enum RuleEndpoints {
    static var all: [Endpoint] { [keep, shadow, unshadow, activate] }

    static func find(_ ask: Ask) async throws -> RuleSet {
        guard let rules = try await RuleDesk(parts: ask.parts).rules(try ask.word("name")) else {
            throw APIError(.notFound, "There is no such version, or its text was not kept.")
        }
        return rules
    }

    private static let keep = Endpoint(
        method: .post,
        path: "/api/v1/rules",
        summary: "Keep a text of rules as a version, a draft until it gets a role.",
        body: .sent(
            [("text", .bounded(0...RulesLimits.fileBytesMax))],
            optional: [("form", .words(["yaml", "text"])), ("name", .bounded(1...80))]
        ),
        answer: .fields(("version", .text), ("name", .text), ("types", .list(.text))),
        status: .created
    ) { ask in
        struct Named: Decodable {
            var text: String
            var form: String?
            var name: String?
        }
        let named = try await ask.body(Named.self)
        let sent = SentRules(text: named.text, form: named.form)
        try sent.check()
        let name = named.name ?? "dashboard"
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_ -]{0,79}/) != nil else {
            throw APIError(.badRequest, "name takes letters, digits, spaces, - and _.")
        }
        let rules: RuleSet
        do throws(RulesFileError) {
            rules = try sent.rules(named: name)
        } catch {
            throw APIError(.refused, "The rules are not whole: \(error.description)")
        }
        let (stored, person) = (rules.stored, ask.person)
        try await ask.parts.store.write { writer in
            try writer.keep(stored)
            try writer.audit(
                AuditNote(actor: person, action: "rules.keep", object: "rules:\(stored.version)")
            )
        }
        return .json(
            .fields(
                ("version", .text(rules.version)),
                ("name", .text(rules.name)),
                ("types", .list(rules.types.map { .text($0) }))
            ),
            status: .created
        )
    }

    private static func point(
        _ role: RuleRole,
        to version: String?,
        note: String? = nil,
        _ ask: Ask
    ) async throws {
        let (person, note) = (ask.person, note.flatMap { $0.isEmpty ? nil : $0 })
        try await ask.parts.store.write { writer in
            try writer.point(role, to: version, by: person, note: note)
        }
    }

    private static let shadow = Endpoint(
        method: .post,
        path: "/api/v1/rules/{name}/shadow",
        summary: "Let a version judge new calls beside the one in use, without counting.",
        answer: .fields(("version", .text))
    ) { ask in
        let rules = try await find(ask)
        try await point(.shadow, to: rules.version, ask)
        return .json(.fields(("version", .text(rules.version))))
    }

    private static let unshadow = Endpoint(
        method: .delete,
        path: "/api/v1/rules/{name}/shadow",
        summary: "Let no version judge beside the one in use.",
        status: .noContent
    ) { ask in
        let rules = try await find(ask)
        guard try await ask.parts.store.rulePointers()[.shadow]?.version == rules.version else {
            throw APIError(.refused, "This version does not run in shadow.")
        }
        try await point(.shadow, to: nil, ask)
        return Response(status: .noContent)
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
        let rules = try await find(ask)
        let warnings = try await RuleDesk(parts: ask.parts).warnings(activating: rules)
        guard warnings.isEmpty || sent.confirm == true else {
            var error = APIError(
                .conflict,
                "The labels that were held back speak against it; send confirm to go on."
            )
            error.members = [
                .init(name: "warnings", value: .list(warnings.map { .text($0) }))
            ]
            throw error
        }
        try await point(.active, to: rules.version, note: sent.note, ask)
        return .json(
            .fields(
                ("version", .text(rules.version)),
                ("warnings", .list(warnings.map { .text($0) }))
            )
        )
    }
}
