/// One conversation as its detail or a webhook tells it.
package struct ConversationDetail: Sendable, Hashable {
    package var id: String
    package var agentID: String
    package var agentName: String?
    package var status: ConversationStatus
    package var userID: String?
    package var branchID: String?
    package var versionID: String?

    /// `production` when absent upstream.
    package var environment: String?
    package var product: String?
    package var hasAudio: Bool?
    package var userMessageCount: Int?
    package var agentMessageCount: Int?

    /// The agents that took part, in order, after transfers.
    package var visitedAgentIDs: [String]
    package var tagIDs: [String]
    package var metadata: ConversationMetadata

    /// The turns; empty also when the upstream has deleted them.
    package var transcript: [TranscriptTurn]

    /// False when the record came without turns by configuration: then the detail must be read.
    package var isTranscriptIncluded: Bool

    /// Nil until analysed.
    package var analysis: ConversationAnalysis?

    /// What was passed in at the start and what the platform added, by name, without nulls.
    package var dynamicVariables: [String: JSONValue]

    /// Members that were not as the schema says and were read as absent.
    package var oddFields: [String]
}

extension ConversationDetail {
    /// How long the agent took for each answer that was measured; nil without any.
    package var responseMilliseconds: [Int]? {
        let times = transcript.lazy.compactMap(\.responseMilliseconds).prefix(Self.responsesMax)
        return times.isEmpty ? nil : Array(times)
    }

    /// Answers of one conversation that are kept; hours of talk have fewer.
    private static var responsesMax: Int { 1_000 }
}

extension ConversationDetail {
    /// Reads a detail, or the `data` of a transcription webhook.
    ///
    /// - Throws: `RecordError` when the ids or the start time are not there.
    package init(json value: JSONValue) throws(RecordError) {
        let oddities = Fields.Oddities()
        guard let fields = Fields(value, oddities: oddities) else {
            throw RecordError(field: "", fault: .notAnObject)
        }
        let id = try fields.id("conversation_id")
        let agentID = try fields.id("agent_id")
        guard let metadata = fields.fields("metadata") else {
            throw RecordError(field: "metadata", fault: .missing)
        }
        let initiation = fields.fields("conversation_initiation_client_data")
        self.init(
            id: id,
            agentID: agentID,
            agentName: fields.word("agent_name"),
            status: fields.open("status") ?? .unknown,
            userID: fields.word("user_id") ?? initiation?.word("user_id"),
            branchID: fields.word("branch_id"),
            versionID: fields.word("version_id"),
            environment: fields.word("environment"),
            product: fields.word("conversation_product"),
            hasAudio: fields.flag("has_audio"),
            userMessageCount: fields.integer("user_message_count"),
            agentMessageCount: fields.integer("agent_message_count"),
            visitedAgentIDs: fields.rows("visited_agents").compactMap { $0.word("agent_id") },
            tagIDs: fields.texts("tag_ids"),
            metadata: try ConversationMetadata(fields: metadata),
            transcript: fields.rows("transcript").map(TranscriptTurn.init(fields:)),
            isTranscriptIncluded: fields.contains("transcript"),
            analysis: fields.fields("analysis").map(ConversationAnalysis.init(fields:)),
            dynamicVariables: Self.variables(of: initiation),
            oddFields: []
        )
        oddFields = oddities.names
    }

    private static func variables(of initiation: Fields?) -> [String: JSONValue] {
        guard let initiation else { return [:] }
        return Dictionary(
            initiation.members("dynamic_variables").map { ($0.name, $0.value) },
            uniquingKeysWith: { _, last in last }
        )
    }

    /// Which of the platform's own words say that an answering machine took the call.
    private static let voicemailTool = "voicemail_detection"

    /// Whether an answering machine took the call, by the network's word or by the agent's tool.
    package var isVoicemail: Bool {
        metadata.phoneCall?.result == .voicemail
            || transcript.contains { turn in
                turn.toolResults.contains {
                    $0.resultType == "voicemail_detection_success"
                        || ($0.name == Self.voicemailTool && $0.wasCalled && !$0.isError)
                }
            }
    }

    /// The other side's number or name, as it was received.
    ///
    /// From the telephone, else from a message channel, else from the platform's variable, which
    /// means the caller only for calls that came in.
    package var externalNumber: String? {
        metadata.phoneCall?.externalNumber ?? metadata.smsUserNumber ?? metadata.whatsAppUserID
            ?? inboundVariable("system__caller_id")
    }

    /// Our number, as it was received.
    package var agentNumber: String? {
        metadata.phoneCall?.agentNumber
            ?? inboundVariable("system__called_number")
    }

    private func inboundVariable(_ name: String) -> String? {
        guard metadata.phoneCall?.direction != .outbound,
            case .text(let text) = dynamicVariables[name], !text.isEmpty
        else { return nil }
        return text
    }
}
