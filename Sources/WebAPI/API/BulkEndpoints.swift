import Attribution
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import Reports

/// The same change of many calls, and what takes it back.
enum BulkEndpoints {
    static var all: [Endpoint] { [change] }

    /// Calls of one change.
    static let callsMax = 200

    enum Change: String, CaseIterable {
        case assign
        case exclude
        case include
        case label
        case unlabel
        case tag
        case untag

        /// Takes assignments back, by their ids in `changes`.
        case undo
    }

    struct Sent: Decodable {
        var change: String
        var calls: [Int64]?
        var changes: [String]?
        var campaign: Int64?
        var scope: String?
        var reason: String?
        var rule: String?
        var value: String?
        var tag: String?
        var note: String?
    }

    private static let sent = Schema.sent(
        [("change", .word(Change.self))],
        optional: [
            ("calls", .list(.identifier)), ("changes", .list(.text)), ("campaign", .identifier),
            ("scope", .word(AssignmentScope.self)), ("reason", .word(ExclusionReason.self)),
            ("rule", .bounded(1...100)), ("value", .words(["yes", "no", "unknown"])),
            ("tag", .bounded(TagEndpoints.writtenRange)),
            ("note", .bounded(CallEndpoints.noteRange)),
        ]
    )

    /// What became of a change.
    struct Outcome: Sendable {
        var changed: [CallID] = []
        var refused: [(call: CallID?, reason: String)] = []

        /// Requests to the same path that take it back, in order.
        var undo: [JSONValue] = []
    }

    private static let change = Endpoint(
        method: .post,
        path: "/api/v1/calls/changes",
        summary: "Assign, exclude, label or tag many calls; the answer holds what takes it back.",
        body: sent,
        answer: .fields(
            ("changed", .list(.identifier)),
            (
                "refused",
                .list(.fields(("call", .optional(.identifier)), ("reason", .text)))
            ),
            ("undo", .list(sent))
        )
    ) { ask in
        let sent = try await ask.body(Sent.self)
        guard let change = Change(rawValue: sent.change) else {
            throw APIError(.badRequest, "change is none of those that are known.")
        }
        try APIError.check(sent.note, "note", in: CallEndpoints.noteRange)
        try APIError.check(sent.rule, "rule", in: 1...100)
        let outcome =
            switch change {
            case .undo: try await undo(sent, ask)
            case .assign: try await assign(try calls(sent), sent, ask)
            case .exclude: try await exclude(try calls(sent), sent, ask)
            case .include: try await include(try calls(sent), ask)
            case .label: try await label(try calls(sent), sent, ask)
            case .unlabel: try await unlabel(try calls(sent), sent, ask)
            case .tag: try await tag(try calls(sent), sent, ask)
            case .untag: try await untag(try calls(sent), sent, ask)
            }
        return .json(
            .fields(
                ("changed", .list(outcome.changed.map { .integer($0.number) })),
                (
                    "refused",
                    .list(
                        outcome.refused.map { call, reason in
                            .fields(
                                ("call", call.map { .integer($0.number) } ?? .null),
                                ("reason", .text(reason))
                            )
                        }
                    )
                ),
                ("undo", .list(outcome.undo))
            )
        )
    }

    private static func calls(_ sent: Sent) throws(APIError) -> [CallID] {
        let ids = sent.calls ?? []
        guard (1...callsMax).contains(ids.count), ids.allSatisfy({ $0 > 0 }) else {
            throw APIError(.badRequest, "calls must name 1 to \(callsMax) calls.")
        }
        var seen = Set<Int64>()
        return ids.filter { seen.insert($0).inserted }.map { CallID($0) }
    }

    static func request(
        _ change: Change,
        _ calls: [CallID],
        _ more: JSONValue.Field...
    ) -> JSONValue {
        .object(
            [
                .init(name: "change", value: .text(change.rawValue)),
                .init(name: "calls", value: .list(calls.map { .integer($0.number) })),
            ] + more
        )
    }

    // MARK: Credits

    private static func desk(_ ask: Ask) -> AttributionDesk {
        AttributionDesk(store: ask.parts.store, timeZone: ask.parts.places.timeZone)
    }

    private static func assign(
        _ calls: [CallID],
        _ sent: Sent,
        _ ask: Ask
    ) async throws -> Outcome {
        guard let scope = AssignmentScope(rawValue: sent.scope ?? AssignmentScope.call.rawValue)
        else { throw APIError(.badRequest, "scope must be call, caller or future.") }
        let campaign = sent.campaign.map { CampaignID($0) }
        if let campaign, try await ask.parts.store.campaign(campaign) == nil {
            throw APIError(.refused, "There is no campaign \(campaign).")
        }
        var outcome = Outcome()
        var ids: [String] = []
        for call in calls {
            do {
                let receipt = try await desk(ask).assign(
                    NewAssignment(
                        call: call,
                        campaign: campaign,
                        scope: scope,
                        person: ask.person,
                        note: sent.note
                    )
                )
                ids.append(receipt.id.description)
                outcome.changed += receipt.calls
            } catch {
                outcome.refused.append((call, try refusal(error)))
            }
        }
        // The last one first, since one may stand upon another.
        outcome.undo = ids.isEmpty ? [] : [undoing(ids.reversed())]
        return outcome
    }

    /// Why one call is left as it is; throws what stops all of them.
    private static func refusal(_ error: any Error) throws -> String {
        switch error as? StoreError {
        case .rejected(let reason): return reason
        case .notFound(let what): return "There is no \(what)."
        default: throw error
        }
    }

    private static func undoing(_ ids: [String]) -> JSONValue {
        .fields(
            ("change", .text(Change.undo.rawValue)),
            ("changes", .list(ids.map { .text($0) }))
        )
    }

    private static func undo(_ sent: Sent, _ ask: Ask) async throws -> Outcome {
        let ids = (sent.changes ?? []).compactMap { Int64($0) }
        guard (1...callsMax).contains(ids.count), ids.count == sent.changes?.count,
            ids.allSatisfy({ $0 > 0 })
        else { throw APIError(.badRequest, "changes must name 1 to \(callsMax) assignments.") }
        var outcome = Outcome()
        for id in ids {
            do {
                let receipt = try await desk(ask).undo(AssignmentID(id), by: ask.person)
                outcome.changed += receipt.calls
            } catch {
                outcome.refused.append((nil, try refusal(error)))
            }
        }
        return outcome
    }

    // MARK: Exclusions

    static func exclude(
        _ calls: [CallID],
        _ sent: Sent,
        _ ask: Ask
    ) async throws -> Outcome {
        guard let reason = sent.reason.flatMap({ ExclusionReason(rawValue: $0) }) else {
            throw APIError(.badRequest, "reason must be test, internal, spam or other.")
        }
        let before = try await ask.parts.store.exclusions(of: calls)
        let (person, note) = (ask.person, sent.note)
        try await ask.parts.store.write { writer in
            for call in calls { try writer.exclude(call, for: reason, by: person, note: note) }
        }
        var outcome = Outcome(changed: calls)
        let new = calls.filter { before[$0] == nil }
        if !new.isEmpty { outcome.undo.append(request(.include, new)) }
        for (reason, calls) in grouped(calls, by: { before[$0]?.reason.rawValue }) {
            outcome.undo.append(
                request(.exclude, calls, .init(name: "reason", value: .text(reason)))
            )
        }
        return outcome
    }

    static func include(_ calls: [CallID], _ ask: Ask) async throws -> Outcome {
        let before = try await ask.parts.store.exclusions(of: calls)
        let person = ask.person
        try await ask.parts.store.write { writer in
            for call in calls { try writer.include(call, by: person) }
        }
        var outcome = Outcome(changed: calls.filter { before[$0] != nil })
        for (reason, calls) in grouped(calls, by: { before[$0]?.reason.rawValue }) {
            outcome.undo.append(
                request(.exclude, calls, .init(name: "reason", value: .text(reason)))
            )
        }
        return outcome
    }

    // MARK: Labels

    private static func label(
        _ calls: [CallID],
        _ sent: Sent,
        _ ask: Ask
    ) async throws -> Outcome {
        guard let value = sent.value.flatMap({ Ternary(rawValue: $0) }) else {
            throw APIError(.badRequest, "value must be yes, no or unknown.")
        }
        let type = try rule(sent)
        let before = try await ask.parts.store.labels(of: calls, type: type)
        let label = ManualLabel(type: type, label: value, person: ask.person, note: sent.note)
        try await ask.parts.store.write { writer in
            for call in calls { try writer.label(call, label) }
        }
        var outcome = Outcome(changed: calls)
        let new = calls.filter { before[$0] == nil }
        let field = JSONValue.Field(name: "rule", value: .text(type))
        if !new.isEmpty { outcome.undo.append(request(.unlabel, new, field)) }
        outcome.undo += relabelling(calls, before, field)
        return outcome
    }

    private static func unlabel(
        _ calls: [CallID],
        _ sent: Sent,
        _ ask: Ask
    ) async throws -> Outcome {
        let type = try rule(sent)
        let before = try await ask.parts.store.labels(of: calls, type: type)
        let person = ask.person
        try await ask.parts.store.write { writer in
            for call in calls { try writer.unlabel(call, type: type, by: person) }
        }
        var outcome = Outcome(changed: calls.filter { before[$0] != nil })
        let field = JSONValue.Field(name: "rule", value: .text(type))
        outcome.undo = relabelling(calls, before, field)
        return outcome
    }

    private static func rule(_ sent: Sent) throws(APIError) -> String {
        guard let rule = sent.rule else {
            throw APIError(.badRequest, "rule is needed: it says what the label is about.")
        }
        return rule
    }

    private static func relabelling(
        _ calls: [CallID],
        _ before: [CallID: ManualLabel],
        _ rule: JSONValue.Field
    ) -> [JSONValue] {
        grouped(calls, by: { before[$0]?.label.rawValue }).map { value, calls in
            request(.label, calls, rule, .init(name: "value", value: .text(value)))
        }
    }

    /// Calls by a word; those without one are left out.
    static func grouped(
        _ calls: [CallID],
        by word: (CallID) -> String?
    ) -> [(word: String, calls: [CallID])] {
        var groups: [String: [CallID]] = [:]
        for call in calls {
            if let word = word(call) { groups[word, default: []].append(call) }
        }
        return groups.sorted { $0.key < $1.key }.map { (word: $0.key, calls: $0.value) }
    }
}
