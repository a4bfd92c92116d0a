import ElevenLabs
import Foundation
import Sync
import Synchronization

/// An upstream in memory: pages, details and faults as a test writes them.
final class ScriptedUpstream: ConversationSource {
    /// One conversation as the upstream has it now.
    struct Conversation: Sendable {
        var id: String
        var startedUnix: Int64
        var status = "done"
        var durationSeconds = 60
        var caller: String? = "+14155550123"
        var title = "A call"
        var rating: Int? = 4
        var verdict = "success"
        var turns = ["Hello.", "I would like to book.", "Tomorrow."]
        var summary = "A call."

        /// The result of the criterion `booked`; nil for none.
        var booked: String?
        var transcriptDeletedUnix: Int64?
        var isGone = false

        /// Takes the place of the detail's body.
        var detailBody: String?

        /// Takes the place of the row's JSON.
        var rowBody: String?

        init(_ id: String, at startedUnix: Int64) {
            self.id = id
            self.startedUnix = startedUnix
        }
    }

    struct State: Sendable {
        var conversations: [Conversation] = []
        var pageSize = 100

        /// Thrown by the next list requests, first first.
        var listFaults: [ElevenLabsError] = []

        /// Thrown by the next requests for a detail, by id.
        var detailFaults: [String: [ElevenLabsError]] = [:]
        var refusesCursors = false

        /// Requests, by number from 1, that get the page before theirs; whether it then leads to
        /// itself, else to where the right one would have led.
        var repeats: [Int: Bool] = [:]

        /// Done before each page is served, with the page's number from 1.
        var beforePage: (@Sendable (Int, inout [Conversation]) -> Void)?
        var queries: [ConversationQuery] = []
        var detailRequests: [String] = []
        var deletions: [String] = []

        /// Thrown by the next deletions, first first.
        var deletionFaults: [ElevenLabsError] = []
    }

    private let state: Mutex<State>

    init(_ conversations: [Conversation], pageSize: Int) {
        var start = State()
        start.conversations = conversations
        start.pageSize = pageSize
        state = Mutex(start)
    }

    func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
    }

    func change(_ id: String, _ body: (inout Conversation) -> Void) {
        state.withLock { state in
            for index in state.conversations.indices where state.conversations[index].id == id {
                body(&state.conversations[index])
            }
        }
    }

    var detailRequests: [String] { state.withLock { $0.detailRequests } }
    var queries: [ConversationQuery] { state.withLock { $0.queries } }
    var deletions: [String] { state.withLock { $0.deletions } }

    func forgetRequests() {
        state.withLock {
            $0.detailRequests = []
            $0.queries = []
        }
    }

    // MARK: ConversationSource

    func conversations(
        _ query: ConversationQuery
    ) async throws(ElevenLabsError) -> ConversationPage {
        let answer: Result<ConversationPage, ElevenLabsError> = state.withLock { state in
            state.queries.append(query)
            if !state.listFaults.isEmpty { return .failure(state.listFaults.removeFirst()) }
            if query.cursor != nil, state.refusesCursors {
                return .failure(.validation(UpstreamAnswer(status: 422)))
            }
            state.beforePage?(state.queries.count, &state.conversations)
            let page = Self.page(query, state)
            guard let leadsToItself = state.repeats[state.queries.count], state.queries.count > 1
            else { return .success(page) }
            let before = Self.page(state.queries[state.queries.count - 2], state)
            return .success(
                ConversationPage(
                    rows: before.rows,
                    nextCursor: leadsToItself ? query.cursor : page.nextCursor
                )
            )
        }
        return try answer.get()
    }

    func conversation(_ id: String) async throws(ElevenLabsError) -> FetchedConversation {
        let answer: Result<FetchedConversation, ElevenLabsError> = state.withLock { state in
            state.detailRequests.append(id)
            if let fault = state.detailFaults[id]?.first {
                state.detailFaults[id]?.removeFirst()
                return .failure(fault)
            }
            guard let found = state.conversations.first(where: { $0.id == id }), !found.isGone
            else { return .failure(.notFound(UpstreamAnswer(status: 404))) }
            return .success(Self.fetched(found))
        }
        return try answer.get()
    }

    func deleteConversation(_ id: String) async throws(ElevenLabsError) {
        let answer: Result<Void, ElevenLabsError> = state.withLock { state in
            state.deletions.append(id)
            if !state.deletionFaults.isEmpty {
                return .failure(state.deletionFaults.removeFirst())
            }
            guard let index = state.conversations.firstIndex(where: { $0.id == id && !$0.isGone })
            else { return .failure(.notFound(UpstreamAnswer(status: 404))) }
            state.conversations[index].isGone = true
            return .success(())
        }
        try answer.get()
    }

    // MARK: What is served

    /// The cursor is the start and id of the last row, as a real one may be.
    private static func page(_ query: ConversationQuery, _ state: State) -> ConversationPage {
        let after = query.startedAfterUnix ?? .min
        let before = query.startedBeforeUnix ?? .max
        let rest = state.conversations
            .filter { $0.startedUnix >= after && $0.startedUnix <= before && !$0.isGone }
            .sorted { ($0.startedUnix, $0.id) < ($1.startedUnix, $1.id) }
            .filter { conversation in
                guard let cursor = query.cursor?.split(separator: "|"), cursor.count == 2,
                    let start = Int64(cursor[0])
                else { return true }
                return (conversation.startedUnix, conversation.id) > (start, String(cursor[1]))
            }
        let rows = rest.prefix(state.pageSize)
        let isMore = rest.count > rows.count
        return ConversationPage(
            rows: rows.map(row),
            nextCursor: isMore ? rows.last.map { "\($0.startedUnix)|\($0.id)" } : nil
        )
    }

    private static func parsed(_ text: String) -> JSONValue {
        do {
            return try JSONParser.parse(Array(text.utf8))
        } catch {
            preconditionFailure("The script is JSON: \(error)")
        }
    }

    private static func row(_ conversation: Conversation) -> ConversationRow {
        let text = conversation.rowBody ?? rowJSON(conversation)
        do throws(RecordError) {
            return .readable(try ConversationSummary(json: parsed(text)))
        } catch {
            let id = text.contains(conversation.id) ? conversation.id : nil
            return .unreadable(error, id: id, raw: Array(text.utf8))
        }
    }

    private static func fetched(_ conversation: Conversation) -> FetchedConversation {
        let text = conversation.detailBody ?? detailJSON(conversation)
        let raw = Array(text.utf8)
        do throws(RecordError) {
            let detail = try ConversationDetail(json: parsed(text))
            return FetchedConversation(content: .readable(detail), raw: raw)
        } catch {
            return FetchedConversation(content: .unreadable(error), raw: raw)
        }
    }

    private static func rowJSON(_ conversation: Conversation) -> String {
        json([
            "conversation_id": conversation.id, "agent_id": "agent_1", "agent_name": "Reception",
            "start_time_unix_secs": conversation.startedUnix,
            "call_duration_secs": conversation.durationSeconds,
            "message_count": conversation.turns.count, "status": conversation.status,
            "call_successful": conversation.verdict, "direction": "inbound",
            "call_summary_title": conversation.title, "tag_ids": [String](),
            "transcript_summary": conversation.status == "done"
                ? conversation.summary + "\n" : NSNull() as Any,
            "rating": conversation.rating ?? NSNull() as Any,
        ])
    }

    static func detailJSON(_ conversation: Conversation) -> String {
        let phone: [String: Any] = [
            "type": "twilio", "direction": "inbound", "phone_number_id": "phnum_1",
            "agent_number": "+14155550100", "external_number": conversation.caller ?? NSNull(),
        ]
        let metadata: [String: Any] = [
            "start_time_unix_secs": conversation.startedUnix,
            "call_duration_secs": conversation.durationSeconds,
            "deletion_settings": [
                "deleted_transcript_at_time_unix_secs": conversation.transcriptDeletedUnix
                    ?? NSNull() as Any
            ],
            "phone_call": phone,
            "feedback": ["rating": conversation.rating ?? NSNull() as Any],
        ]
        let turns: [[String: Any]] = conversation.turns.enumerated().map { index, message in
            [
                "role": index == 0 ? "agent" : "user", "message": message,
                "time_in_call_secs": index * 3,
            ]
        }
        let analysis: [String: Any] = [
            "call_successful": conversation.verdict,
            "transcript_summary": conversation.summary + "\n",
            "evaluation_criteria_results": conversation.booked.map {
                ["booked": ["criteria_id": "booked", "result": $0]]
            } ?? [:],
        ]
        return json([
            "conversation_id": conversation.id, "agent_id": "agent_1",
            "status": conversation.status, "transcript": turns, "metadata": metadata,
            "analysis": conversation.status == "done" ? analysis : NSNull() as Any,
        ])
    }

    static func json(_ object: [String: Any]) -> String {
        do {
            let data = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
            return String(decoding: data, as: UTF8.self)
        } catch {
            preconditionFailure("The script is JSON: \(error)")
        }
    }
}
