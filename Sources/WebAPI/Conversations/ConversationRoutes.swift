import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import Reports
import Telemetry

/// Conversations as existing front ends ask for them, in exactly their shapes.
struct ConversationRoutes: Sendable {
    static let path = "/analytics/elevenlabs"
    static let listPath = "/analytics/elevenlabs/conversations"

    /// Agents that the figures name.
    private static let agentsMax = 10

    let parts: WebParts

    private static let onePath = listPath + "/{id}"

    static var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get,
                path: path,
                summary: "All conversations in a few figures.",
                answer: ConversationShapes.figures
            ) { try await ConversationRoutes(parts: $0.parts).figures() },
            Endpoint(
                method: .get,
                path: listPath,
                summary: "Conversations, the newest first.",
                query: CallEndpoints.paging,
                answer: .list(ConversationShapes.conversation)
            ) { try await ConversationRoutes(parts: $0.parts).list($0.request) },
            Endpoint(
                method: .post,
                path: listPath,
                summary: "Report a conversation, or more of one that was reported.",
                body: ConversationShapes.new,
                answer: ConversationShapes.conversation,
                status: .created,
                alsoStatus: [.ok, .noContent],
                isPublic: true
            ) {
                try await ConversationRoutes(parts: $0.parts).take($0.request, $0.context, id: nil)
            },
            Endpoint(
                method: .get,
                path: onePath,
                summary: "One conversation.",
                answer: ConversationShapes.conversation
            ) { try await ConversationRoutes(parts: $0.parts).answer(try $0.word("id")) },
            Endpoint(
                method: .put,
                path: onePath,
                summary: "Report more of a conversation, such as its end.",
                body: ConversationShapes.change,
                answer: ConversationShapes.conversation,
                alsoStatus: [.created, .noContent],
                isPublic: true
            ) { ask in
                let id = try ask.word("id")
                return try await ConversationRoutes(parts: ask.parts)
                    .take(ask.request, ask.context, id: id)
            },
            Endpoint(
                method: .get,
                path: onePath + "/messages",
                summary: "What was said in a conversation.",
                query: [CallEndpoints.numbers],
                answer: .list(ConversationShapes.message)
            ) { ask in
                try await ConversationRoutes(parts: ask.parts)
                    .messages(try ask.word("id"), showNumbers: try ask.showsNumbers())
            },
        ]
    }

    // MARK: Reading

    private func figures() async throws -> Response {
        let figures = try await parts.store.conversationFigures(agentsMax: Self.agentsMax)
        let minutes = (Double(figures.seconds) / 6).rounded() / 10
        let average = figures.lasted == 0 ? 0 : Double(figures.seconds) / Double(figures.lasted)
        let satisfaction: JSONValue =
            figures.ratings == 0
            ? .null
            : .fields(
                (
                    "average_rating",
                    .number((figures.ratingSum / Double(figures.ratings) * 100).rounded() / 100)
                ),
                ("total_ratings", .count(figures.ratings))
            )
        return .json(
            .fields(
                ("total_conversations", .count(figures.total)),
                ("total_duration_minutes", .number(minutes)),
                ("average_conversation_duration", .number((average * 10).rounded() / 10)),
                (
                    "conversations_by_status",
                    .object(
                        Conversation.State.allCases.map {
                            .init(name: $0.rawValue, value: .count(figures.states[$0] ?? 0))
                        }
                    )
                ),
                (
                    "conversations_by_date",
                    .list(
                        figures.days.map {
                            .fields(
                                ("date", .text($0.day.description)),
                                ("count", .count($0.count))
                            )
                        }
                    )
                ),
                (
                    "top_agents",
                    .list(
                        figures.agents.map {
                            .fields(
                                ("agent_id", .text($0.id)),
                                ("conversation_count", .count($0.count))
                            )
                        }
                    )
                ),
                ("user_satisfaction", satisfaction)
            )
        )
    }

    private func list(_ request: Request) async throws -> Response {
        let query = Query(request)
        let limit = try query.limit()
        let cursor = try query.text("cursor", lengthMax: 64).map(Self.cursor)
        let page = try await parts.store.conversations(after: cursor, limit: limit)
        var headers = HTTPFields()
        if let next = page.next {
            headers[Query.linkHeader] = query.link(to: Self.listPath, cursor: Self.text(of: next))
        }
        return .json(.list(page.conversations.map(Self.json)), headers: headers)
    }

    private func answer(_ id: String) async throws -> Response {
        guard let conversation = try await parts.store.conversation(id) else {
            throw APIError(.notFound, "There is no such conversation.")
        }
        return .json(Self.json(conversation))
    }

    private func messages(_ id: String, showNumbers: Bool) async throws -> Response {
        guard let messages = try await parts.store.messages(of: id) else {
            throw APIError(.notFound, "There is no such conversation.")
        }
        return .json(
            .list(
                messages.map { message in
                    let words = showNumbers ? message.text : LogMask().masked(message.text)
                    return .fields(
                        ("role", .text(message.isOfCaller ? "user" : "assistant")),
                        ("content", .text(words)),
                        ("timestamp", .text(ISOTime.text(unix: message.atUnix)))
                    )
                }
            )
        )
    }

    // MARK: Reports of pages

    /// Notes a report; whoever may not read gets back what they sent, and nothing else.
    private func take(
        _ request: Request,
        _ context: WebContext,
        id: String?
    ) async throws -> Response {
        let body = try await RequestBody.read(
            request,
            upTo: WebLimits.reportBytesMax,
            parts.ambient
        )
        let report = try ConversationReport(json: body, id: id)
        let mayRead = context.principal.rights >= .write
        if context.principal.rights >= .read, !mayRead {
            throw APIError(.notAllowed, "This token may not do that; it needs write.")
        }
        let isReadOnly = parts.policy.isReadOnly
        guard !isReadOnly || !mayRead else {
            throw APIError(.readOnly, "This server is read-only (RINGBACK_READ_ONLY).")
        }
        let outcome = try await parts.store.write { writer in
            try writer.track(report, endsOnly: !mayRead)
        }
        switch outcome {
        case .endsTooEarly:
            throw APIError(.badRequest, "end_time must not be before start_time.")
        case .incomplete:
            guard id == nil else { throw APIError(.notFound, "There is no such conversation.") }
            throw APIError(.badRequest, "A new conversation needs agent_id and start_time.")
        case .created, .changed, .leftAlone: break
        }
        let stored = mayRead ? try await parts.store.conversation(report.id) : report.asSent
        guard let stored else { return Response(status: .noContent) }
        return .json(Self.json(stored), status: outcome == .created && mayRead ? .created : .ok)
    }

    // MARK: Shapes

    static func json(_ conversation: Conversation) -> JSONValue {
        var fields: [(String, JSONValue)] = [
            ("conversation_id", .text(conversation.id)),
            ("agent_id", .text(conversation.agentID)),
        ]
        if let user = conversation.userID { fields.append(("user_id", .text(user))) }
        fields.append(("start_time", .text(ISOTime.text(unix: conversation.startedUnix))))
        if let end = conversation.endedUnix {
            fields.append(("end_time", .text(ISOTime.text(unix: end))))
        }
        if let seconds = conversation.durationSeconds {
            fields.append(("duration_seconds", .count(seconds)))
        }
        fields.append(("messages_count", .count(conversation.messages)))
        fields.append(("status", .text(conversation.state.rawValue)))
        if let metadata = conversation.metadata {
            fields.append(("metadata", JSONValue(.object(metadata))))
        }
        return .object(fields.map { .init(name: $0.0, value: $0.1) })
    }

    private static func text(of cursor: ConversationCursor) -> String {
        "\(cursor.startedUnix).\(cursor.isUpstream ? "u" : "t").\(cursor.id)"
    }

    private static func cursor(_ text: String) throws(APIError) -> ConversationCursor {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let start = Int64(parts[0]), let id = Int64(parts[2]),
            parts[1] == "u" || parts[1] == "t"
        else { throw APIError(.badRequest, "cursor is not one that a Link header gave.") }
        return ConversationCursor(startedUnix: start, isUpstream: parts[1] == "u", id: id)
    }
}
