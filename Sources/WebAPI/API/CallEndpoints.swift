import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import Reports
import Telemetry

/// Calls: the list, one of them, and what people say of it.
enum CallEndpoints {
    static var all: [Endpoint] { [list, one, exclude, include, label, unlabel] }

    static let paging: [Endpoint.Parameter] = [
        .init(
            name: "limit",
            schema: .integer(1...WebLimits.pageMax),
            meaning: "Items of a page; \(WebLimits.pageStandard) without it."
        ),
        .init(name: "cursor", schema: .text, meaning: "Where the page before ended."),
    ]

    static let numbers = Endpoint.Parameter(
        name: "showNumbers",
        schema: .bool,
        meaning: "Whether whole numbers are shown, to administrators."
    )

    static let summary = Schema.fields(
        ("id", .identifier),
        ("conversation", .text),
        ("agent", .text),
        ("agentName", .optional(.text)),
        ("status", .text),
        ("started", .instant),
        ("durationSeconds", .optional(.count)),
        ("channel", .optional(.text)),
        ("direction", .optional(.text)),
        ("caller", .optional(.text)),
        ("callerClass", .optional(.text)),
        ("outcome", .text),
        ("language", .optional(.text)),
        ("campaignID", .optional(.identifier)),
        ("campaign", .optional(.text)),
        ("method", .optional(.text)),
        ("pinned", .bool),
        ("conversion", .optional(.text)),
        ("conversionType", .optional(.text)),
        ("tags", .list(.text)),
        ("messages", .optional(.count)),
        ("rating", .optional(.number)),
        ("sentiment", .optional(.text)),
        ("costCredits", .optional(.count)),
        ("title", .optional(.text)),
        ("summary", .optional(.text)),
        ("excluded", .bool)
    )

    static func json(_ call: CallSummary, showNumbers: Bool) -> JSONValue {
        guard case .object(let fields) = call.json(showNumbers: showNumbers) else { return .null }
        // The upstream writes down what was said.
        func spoken(_ text: String?) -> String? {
            showNumbers ? text : text.map { LogMask().masked($0) }
        }
        return .object(
            fields + [
                .init(name: "messages", value: .optional(call.messages)),
                .init(name: "rating", value: call.rating.map { .number($0) } ?? .null),
                .init(name: "sentiment", value: .optional(call.sentiment)),
                .init(name: "costCredits", value: call.costCredits.map { .integer($0) } ?? .null),
                .init(name: "title", value: .optional(spoken(call.title))),
                .init(name: "summary", value: .optional(spoken(call.summary))),
                .init(name: "excluded", value: .bool(call.isExcluded)),
            ]
        )
    }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/calls",
        summary: "Calls, the newest first; a search may give short pages that go on.",
        query: CallFilter.parameters + [
            .init(
                name: "sort",
                schema: .word(CallListOrder.self),
                meaning: """
                    The order: by start, by a figure (the largest first) or by a word (A first); with \
                    - the other way. Calls without a value come last either way.
                    """
            )
        ] + paging + [numbers],
        answer: .page(summary).adding(("newest", .optional(.count)))
    ) { ask in
        let query = ask.query
        let order = try query.word("sort", as: CallListOrder.self) ?? CallListOrder()
        let page = try await ask.parts.store.callList(
            CallFilter(query, in: ask.parts.places.timeZone),
            order,
            after: cursor(of: query, order),
            limit: query.limit()
        )
        let showNumbers = try ask.showsNumbers()
        return .page(
            page.calls.map { json($0, showNumbers: showNumbers) },
            next: page.next?.text(order),
            query,
            ("newest", .optional(page.newest))
        )
    }

    private static func cursor(
        of query: Query,
        _ order: CallListOrder
    ) throws(APIError) -> CallListCursor? {
        guard let text = try query.text("cursor", lengthMax: CallListCursor.bytesMax) else {
            return nil
        }
        guard let cursor = CallListCursor(text: text, order) else {
            throw APIError(.badRequest, "cursor is not one that a page in this order gave.")
        }
        return cursor
    }

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/calls/{id}",
        summary: "One call with transcript, evidence, credits, verdicts and history.",
        query: [numbers],
        answer: CallSchema.document
    ) { ask in
        let call = try await call(of: ask)
        let document = try await CallDocument(call, in: ask.parts.store)
        return .json(document.json(showNumbers: try ask.showsNumbers()))
    }

    /// The call of the path: by its number, or by the upstream's id.
    static func call(of ask: Ask) async throws -> Call {
        let text = try ask.word("id")
        let store = ask.parts.store
        var found: Call?
        if let number = Int64(text) {
            found = try await store.call(CallID(number))
        } else {
            found = try await store.call(CallIdentity(conversationID: text))
        }
        guard let found else { throw APIError(.notFound, "There is no such call.") }
        return found
    }

    // MARK: What people say of it

    private struct Reason: Decodable {
        var reason: String
        var note: String?
    }

    static let noteRange = 0...1_000

    private static let exclude = Endpoint(
        method: .post,
        path: "/api/v1/calls/{id}/exclusion",
        summary: "Count a call apart; nothing of it is deleted.",
        body: .sent(
            [("reason", .word(ExclusionReason.self))],
            optional: [("note", .bounded(noteRange))]
        ),
        answer: .fields(("excluded", .bool))
    ) { ask in
        let sent = try await ask.body(Reason.self)
        guard let reason = ExclusionReason(rawValue: sent.reason) else {
            throw APIError(.badRequest, "reason must be test, internal, spam or other.")
        }
        try APIError.check(sent.note, "note", in: noteRange)
        let (call, person) = (try await call(of: ask).id, ask.person)
        try await ask.parts.store.write {
            try $0.exclude(call, for: reason, by: person, note: sent.note)
        }
        return .json(.fields(("excluded", .bool(true))))
    }

    private static let include = Endpoint(
        method: .delete,
        path: "/api/v1/calls/{id}/exclusion",
        summary: "Count a call again.",
        answer: .fields(("excluded", .bool))
    ) { ask in
        let (call, person) = (try await call(of: ask).id, ask.person)
        try await ask.parts.store.write { _ = try $0.include(call, by: person) }
        return .json(.fields(("excluded", .bool(false))))
    }

    private struct Label: Decodable {
        var rule: String?
        var value: String
        var note: String?
        var sample: String?
    }

    private static let label = Endpoint(
        method: .post,
        path: "/api/v1/calls/{id}/labels",
        summary: "Say whether a call was a conversion; that goes before every rule.",
        body: .sent(
            [("value", .words(["yes", "no", "unknown"]))],
            optional: [
                ("rule", .bounded(1...100)), ("note", .bounded(noteRange)),
                ("sample", .bounded(1...100)),
            ]
        ),
        answer: .fields(("rule", .text), ("value", .text))
    ) { ask in
        let sent = try await ask.body(Label.self)
        guard let value = Ternary(rawValue: sent.value) else {
            throw APIError(.badRequest, "value must be yes, no or unknown.")
        }
        try APIError.check(sent.rule, "rule", in: 1...100)
        try APIError.check(sent.note, "note", in: noteRange)
        try APIError.check(sent.sample, "sample", in: 1...100)
        let call = try await call(of: ask)
        guard let type = sent.rule ?? call.conversion?.type else {
            throw APIError(.badRequest, "rule is needed: no rule has judged this call so far.")
        }
        let label = ManualLabel(
            type: type,
            label: value,
            person: ask.person,
            note: sent.note
        )
        let sample = try await sample(sent.sample, type, call.id, ask)
        try await ask.parts.store.write {
            // Who labels for a sample does not see what the rules say.
            try $0.label(call.id, label, isBlind: sample != nil, sample: sample)
        }
        return .json(.fields(("rule", .text(type)), ("value", .text(value.rawValue))))
    }

    private static let unlabel = Endpoint(
        method: .delete,
        path: "/api/v1/calls/{id}/labels",
        summary: "Take back what people said of a call; the rules decide again.",
        query: [
            .init(
                name: "rule",
                schema: .bounded(1...100),
                meaning: "The type of conversion; without it the one that the call has."
            )
        ],
        answer: .fields(("rule", .text), ("removed", .bool))
    ) { ask in
        let call = try await call(of: ask)
        guard let type = try ask.query.text("rule", lengthMax: 100) ?? call.conversion?.type else {
            throw APIError(.badRequest, "rule is needed: no rule has judged this call so far.")
        }
        let person = ask.person
        let isRemoved = try await ask.parts.store.write {
            try $0.unlabel(call.id, type: type, by: person)
        }
        return .json(.fields(("rule", .text(type)), ("removed", .bool(isRemoved))))
    }

    /// The sample that asks for a label of a call; nil where none is named.
    private static func sample(
        _ text: String?,
        _ type: String,
        _ call: CallID,
        _ ask: Ask
    ) async throws -> LabelSampleID? {
        guard let text else { return nil }
        let newest = try await ask.parts.store.newestSample(ofType: type)
        guard let newest, newest.id.text == text,
            newest.entries.contains(where: { $0.call == call })
        else { throw APIError(.refused, "The newest sample does not ask for this call.") }
        return newest.id
    }
}

extension CallCursor {
    var text: String { "\(startedUnix).\(id)" }

    init(text: String) throws(APIError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let start = Int64(parts[0]), let id = Int64(parts[1]) else {
            throw APIError(.badRequest, "cursor is not one that a page gave.")
        }
        self.init(startedUnix: start, id: CallID(id))
    }
}
