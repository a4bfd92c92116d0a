import GRDB
import PhoneNumbers

/// The columns of a call's content and how a record's fields stand in them.
enum CallColumns {
    /// One column of the table `calls`.
    struct Column: Sendable {
        let name: String

        /// What a person said or was judged to mean: a later reading in which it is empty, because
        /// the upstream deleted it, does not empty it here.
        let isContent: Bool

        let write: @Sendable (CallRecord) throws -> DatabaseValue
        let read: @Sendable (inout CallRecord, DatabaseValue) throws -> Void

        /// Whether it is computed from the turns.
        var isOfTurns: Bool { CallColumns.ofTurns.contains(name) }

        /// Whether no row of the list tells it.
        var isOfDetail: Bool { isOfTurns || CallColumns.ofDetail.contains(name) }
    }

    private static let ofTurns: Set<String> = ["caller_turns", "interruptions", "response_ms"]

    private static let ofDetail: Set<String> = [
        "user_id", "phone_number_id", "channel", "agent_number_raw", "agent_number_e164",
        "agent_number_extension", "agent_number_sip_user", "agent_number_class",
        "agent_number_normaliser", "accepted_unix", "call_result", "error_reason", "is_text_only",
        "criteria", "collected", "feedback_comment", "batch_call_id", "batch_recipient_id",
        "upstream_campaign_id", "upstream_lead_id", "dynamic_variables", "deletion_unix",
        "transcript_deleted_unix",
    ]

    /// In the order in which statements name them.
    static let all: [Column] =
        identity + course + analysis + figures + upstream

    private static let identity: [Column] = [
        Column(
            name: "agent_id",
            isContent: false,
            write: { $0.agentID.databaseValue },
            read: { $0.agentID = String.fromDatabaseValue($1) ?? "" }
        ),
        text("agent_name", \.agentName),
        text("branch_id", \.branchID),
        text("version_id", \.versionID),
        text("user_id", \.userID),
        text("phone_number_id", \.phoneNumberID),
        word("channel", \.channel),
        word("direction", \.direction),
        text("agent_number_raw", \.agentNumber?.raw) { _, _ in },
        text("agent_number_e164", \.agentNumber?.e164?.text) { _, _ in },
        text("agent_number_extension", \.agentNumber?.phoneExtension) { _, _ in },
        text("agent_number_sip_user", \.agentNumber?.sipUser) { _, _ in },
        text("agent_number_class", \.agentNumber?.kind.rawValue) { _, _ in },
        text("agent_number_normaliser", \.agentNumber?.normaliserVersion) { _, _ in },
    ]

    private static let course: [Column] = [
        integer("accepted_unix", \.acceptedUnix),
        count("duration_seconds", \.durationSeconds),
        text("call_result", \.callResult),
        text("termination_reason", \.terminationReason),
        text("error_reason", \.errorReason),
        text("language", \.language),
        text("initiation_source", \.initiationSource),
        Column(
            name: "is_text_only",
            isContent: false,
            write: { $0.isTextOnly.map { $0 ? 1 : 0 }?.databaseValue ?? .null },
            read: { $0.isTextOnly = Bool.fromDatabaseValue($1) }
        ),
    ]

    private static let analysis: [Column] = [
        text("call_successful", \.callSuccessful),
        number("success_score", \.successScore),
        text("summary", \.summary, isContent: true),
        text("title", \.title, isContent: true),
        json("criteria", \.criteria, isContent: true),
        json("collected", \.collected, isContent: true),
        text("sentiment", \.sentiment),
        number("rating", \.rating),
        text("feedback_comment", \.feedbackComment, isContent: true),
        json("tags", \.tags),
        json("tool_names", \.toolNames),
    ]

    private static let figures: [Column] = [
        count("message_count", \.messageCount),
        count("caller_message_count", \.callerMessageCount),
        count("agent_message_count", \.agentMessageCount),
        Column(
            name: "caller_turns",
            isContent: false,
            write: { $0.callerTurnsWithWords?.databaseValue ?? .null },
            read: { _, _ in }
        ),
        Column(
            name: "interruptions",
            isContent: false,
            write: { $0.interruptions?.databaseValue ?? .null },
            read: { _, _ in }
        ),
        json("response_ms", \.responseMilliseconds),
        integer("cost_credits", \.costCredits),
        number("cost_dollars", \.costDollars),
    ]

    private static let upstream: [Column] = [
        text("batch_call_id", \.batchCallID),
        text("batch_recipient_id", \.batchRecipientID),
        text("upstream_campaign_id", \.upstreamCampaignID),
        text("upstream_lead_id", \.upstreamLeadID),
        json("dynamic_variables", \.dynamicVariables, isContent: true),
        integer("deletion_unix", \.deletionUnix),
        integer("transcript_deleted_unix", \.transcriptDeletedUnix),
    ]
}

extension CallColumns {
    /// The agent's number, whose parts stand in columns of their own.
    static func agentNumber(in row: Row) -> PartyNumber? {
        guard let raw: String = row["agent_number_raw"] else { return nil }
        return PartyNumber(
            raw: raw,
            e164: (row["agent_number_e164"] as String?).flatMap { E164(stored: $0) },
            phoneExtension: row["agent_number_extension"],
            sipUser: row["agent_number_sip_user"],
            kind: (row["agent_number_class"] as String?).flatMap { NumberClass(rawValue: $0) }
                ?? .invalid,
            normaliserVersion: row["agent_number_normaliser"] ?? ""
        )
    }

    private typealias Path<Value> = any WritableKeyPath<CallRecord, Value> & Sendable

    private static func text(
        _ name: String,
        _ path: Path<String?>,
        isContent: Bool = false
    ) -> Column {
        Column(
            name: name,
            isContent: isContent,
            write: { $0[keyPath: path]?.databaseValue ?? .null },
            read: { $0[keyPath: path] = String.fromDatabaseValue($1) }
        )
    }

    private static func text(
        _ name: String,
        _ path: any KeyPath<CallRecord, String?> & Sendable,
        read: @escaping @Sendable (inout CallRecord, DatabaseValue) throws -> Void
    ) -> Column {
        Column(
            name: name,
            isContent: false,
            write: { $0[keyPath: path]?.databaseValue ?? .null },
            read: read
        )
    }

    private static func integer(_ name: String, _ path: Path<Int64?>) -> Column {
        Column(
            name: name,
            isContent: false,
            write: { $0[keyPath: path]?.databaseValue ?? .null },
            read: { $0[keyPath: path] = Int64.fromDatabaseValue($1) }
        )
    }

    private static func count(_ name: String, _ path: Path<Int?>) -> Column {
        Column(
            name: name,
            isContent: false,
            write: { $0[keyPath: path]?.databaseValue ?? .null },
            read: { $0[keyPath: path] = Int.fromDatabaseValue($1) }
        )
    }

    private static func number(_ name: String, _ path: Path<Double?>) -> Column {
        Column(
            name: name,
            isContent: false,
            write: { $0[keyPath: path]?.databaseValue ?? .null },
            read: { $0[keyPath: path] = Double.fromDatabaseValue($1) }
        )
    }

    private static func word<Word: RawRepresentable & Sendable>(
        _ name: String,
        _ path: Path<Word?>
    ) -> Column where Word.RawValue == String {
        Column(
            name: name,
            isContent: false,
            write: { $0[keyPath: path]?.rawValue.databaseValue ?? .null },
            read: { record, value in
                record[keyPath: path] = String.fromDatabaseValue(value)
                    .flatMap { Word(rawValue: $0) }
            }
        )
    }

    private static func json<Value: Codable & Sendable>(
        _ name: String,
        _ path: Path<Value?>,
        isContent: Bool = false
    ) -> Column {
        Column(
            name: name,
            isContent: isContent,
            write: { try StoredJSON.column($0[keyPath: path]) },
            read: { $0[keyPath: path] = try StoredJSON.value($1, as: Value.self) }
        )
    }
}
