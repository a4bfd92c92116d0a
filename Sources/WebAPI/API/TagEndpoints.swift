import CallStore
import Foundation
import Hummingbird
import Reports

/// Words that people put on calls.
enum TagEndpoints {
    static var all: [Endpoint] { [known, list, add, remove] }

    /// Characters of a tag as it is sent, before it is put into its form.
    static let writtenRange = 1...200

    private static let answer = Schema.fields(("tags", .list(.text)))

    private static let known = Endpoint(
        method: .get,
        path: "/api/v1/tags",
        summary: "Tags that calls have, and those that exclude a call.",
        answer: answer
    ) { ask in json(try await ask.parts.store.tags()) }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/calls/{id}/tags",
        summary: "The tags of a call.",
        answer: answer
    ) { ask in
        json(try await ask.parts.store.tags(of: try await CallEndpoints.call(of: ask).id))
    }

    private struct Sent: Decodable {
        var tag: String
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/calls/{id}/tags",
        summary: "Tag a call; test, internal and spam count it apart.",
        body: .sent([("tag", .bounded(writtenRange))]),
        answer: answer
    ) { ask in
        let tag = try CallFilter.tag(try await ask.body(Sent.self).tag)
        let (call, person) = (try await CallEndpoints.call(of: ask).id, ask.person)
        _ = try await ask.parts.store.write { try $0.tag(call, tag, by: person) }
        return json(try await ask.parts.store.tags(of: call))
    }

    private static let remove = Endpoint(
        method: .delete,
        path: "/api/v1/calls/{id}/tags",
        summary: "Take a tag from a call.",
        query: [.init(name: "tag", schema: .bounded(writtenRange), meaning: "The tag.")],
        answer: answer
    ) { ask in
        guard let written = try ask.query.text("tag", lengthMax: writtenRange.upperBound) else {
            throw APIError(.badRequest, "tag says which tag.")
        }
        let tag = try CallFilter.tag(written)
        let (call, person) = (try await CallEndpoints.call(of: ask).id, ask.person)
        _ = try await ask.parts.store.write { try $0.untag(call, tag, by: person) }
        return json(try await ask.parts.store.tags(of: call))
    }

    private static func json(_ tags: [CallTag]) -> Response {
        .json(.fields(("tags", .list(tags.map { .text($0.text) }))))
    }
}

extension BulkEndpoints {
    static func tag(_ calls: [CallID], _ sent: Sent, _ ask: Ask) async throws -> Outcome {
        let tag = try tag(sent)
        let (person, note) = (ask.person, sent.note)
        return try await ask.parts.store.write { writer in
            var outcome = Outcome()
            for call in calls {
                do {
                    // What a call has already stays as it was put on, and is not taken back.
                    if try writer.tag(call, tag, by: person, note: note) {
                        outcome.changed.append(call)
                    }
                } catch StoreError.rejected(let reason) {
                    outcome.refused.append((call, reason))
                }
            }
            outcome.undo = undo(outcome.changed, .untag, tag)
            return outcome
        }
    }

    static func untag(_ calls: [CallID], _ sent: Sent, _ ask: Ask) async throws -> Outcome {
        let tag = try tag(sent)
        let before = try await ask.parts.store.calls(calls, with: tag)
        let had = calls.filter { before.contains($0) }
        if tag.exclusion != nil { return try await include(had, ask) }
        let person = ask.person
        try await ask.parts.store.write { writer in
            for call in had { try writer.untag(call, tag, by: person) }
        }
        return Outcome(changed: had, undo: undo(had, .tag, tag))
    }

    private static func tag(_ sent: Sent) throws(APIError) -> CallTag {
        guard let written = sent.tag else { throw APIError(.badRequest, "tag says which tag.") }
        return try CallFilter.tag(written)
    }

    private static func undo(_ changed: [CallID], _ back: Change, _ tag: CallTag) -> [JSONValue] {
        let field = JSONValue.Field(name: "tag", value: .text(tag.text))
        return changed.isEmpty ? [] : [request(back, changed, field)]
    }
}
