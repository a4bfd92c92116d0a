import Attribution
import CallStore
import Foundation

extension ConversationReport {
    /// What a page sends; unknown fields are left out.
    private struct Sent: Decodable {
        var conversationID: String?
        var agentID: String?
        var userID: String?
        var startTime: String?
        var endTime: String?
        var durationSeconds: Double?
        var messagesCount: Double?
        var status: String?
        var metadata: [String: StoredValue]?

        enum CodingKeys: String, CodingKey {
            case conversationID = "conversation_id"
            case agentID = "agent_id"
            case userID = "user_id"
            case startTime = "start_time"
            case endTime = "end_time"
            case durationSeconds = "duration_seconds"
            case messagesCount = "messages_count"
            case status
            case metadata
        }
    }

    /// Longest texts: an upstream id has some thirty characters.
    private static let idMax = 128
    private static let textMax = 256

    /// Bytes of `metadata`.
    private static let metadataMax = 8_192

    /// Times that a report may speak of: the years 2000 to 2099.
    private static let times: ClosedRange<Int64> = 946_684_800...4_102_444_799
    private static let countMax = 1_000_000.0

    /// Reads a JSON object, whatever content type it says that it has: `sendBeacon` sends text.
    ///
    /// The conversation is that of the address, or what the body names when there is no `id`.
    init(json body: [UInt8], id: String?) throws(APIError) {
        let sent: Sent
        do {
            sent = try JSONDecoder().decode(Sent.self, from: Data(body))
        } catch {
            throw APIError(
                .badRequest,
                "The body is no JSON object of a conversation, or a field has the wrong type."
            )
        }
        guard let name = id ?? sent.conversationID else {
            throw APIError(.badRequest, "conversation_id is missing.")
        }
        if let id, let named = sent.conversationID, named != id {
            throw APIError(.badRequest, "conversation_id is not that of the address.")
        }
        guard !name.isEmpty, name.utf8.count <= Self.idMax,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw APIError(
                .badRequest,
                "conversation_id must have 1 to \(Self.idMax) characters of ASCII without spaces."
            )
        }
        self.init(id: name)
        agentID = try Self.text(sent.agentID, "agent_id")
        userID = try Self.text(sent.userID, "user_id")
        startedUnix = try Self.time(sent.startTime, "start_time")
        endedUnix = try Self.time(sent.endTime, "end_time")
        durationSeconds = try Self.count(sent.durationSeconds, "duration_seconds")
        messages = try Self.count(sent.messagesCount, "messages_count")
        if let status = sent.status {
            guard let state = Conversation.State(rawValue: status) else {
                throw APIError(.badRequest, "status must be active, completed or abandoned.")
            }
            self.state = state
        }
        metadata = try Self.checked(sent.metadata)
    }

    private static func text(_ value: String?, _ name: String) throws(APIError) -> String? {
        guard let value else { return nil }
        guard !value.isEmpty, value.utf8.count <= textMax,
            value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw APIError(
                .badRequest,
                "\(name) must have 1 to \(textMax) bytes without control characters."
            )
        }
        return value
    }

    private static func count(_ value: Double?, _ name: String) throws(APIError) -> Int? {
        guard let value else { return nil }
        guard value >= 0, value <= countMax else {
            throw APIError(.badRequest, "\(name) must be a number from 0 to \(Int(countMax)).")
        }
        return Int(value.rounded())
    }

    /// A time without zone is UTC.
    private static func time(_ value: String?, _ name: String) throws(APIError) -> Int64? {
        guard let value else { return nil }
        guard value.utf8.count <= 64,
            let unix = RFC3339.unix(value) ?? RFC3339.unix(value + "Z"), times.contains(unix)
        else {
            throw APIError(
                .badRequest,
                "\(name) must be a time such as 2025-06-08T12:00:00 or 2025-06-08T14:00:00+02:00."
            )
        }
        return unix
    }

    private static func checked(
        _ metadata: [String: StoredValue]?
    ) throws(APIError) -> [String: StoredValue]? {
        guard let metadata else { return nil }
        let bytes: Int
        do {
            bytes = try JSONEncoder().encode(metadata).count
        } catch {
            throw APIError(.badRequest, "metadata is no JSON object.")
        }
        guard bytes <= metadataMax else {
            throw APIError(.badRequest, "metadata may have \(metadataMax) bytes.")
        }
        return metadata
    }

    /// The conversation as the report alone tells it; nil when it tells too little.
    var asSent: Conversation? {
        guard let agentID, let startedUnix else { return nil }
        return Conversation(
            id: id,
            agentID: agentID,
            userID: userID,
            startedUnix: startedUnix,
            endedUnix: endedUnix,
            durationSeconds: durationSeconds,
            messages: messages ?? 0,
            state: state ?? (endedUnix == nil ? .active : .completed),
            metadata: metadata
        )
    }
}
