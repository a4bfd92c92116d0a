import Crypto

/// One row of the conversation list: no numbers, no transcript, no analysis.
package struct ConversationSummary: Sendable, Hashable {
    package var id: String
    package var agentID: String
    package var agentName: String?
    package var branchID: String?
    package var versionID: String?

    /// Unix seconds, UTC.
    package var startedUnix: Int64

    /// 0 while unfinished or unanswered; nil when the row does not say.
    package var durationSeconds: Int?

    /// Turns that have text.
    package var messageCount: Int?
    package var userMessageCount: Int?
    package var agentMessageCount: Int?
    package var status: ConversationStatus

    /// Free text.
    package var terminationReason: String?
    package var callSuccessful: EvaluationResult?
    package var callSuccessScore: Double?

    /// Nil unless the query included summaries.
    package var summary: String?
    package var title: String?
    package var mainLanguage: String?
    package var source: InitiationSource?
    package var toolNames: [String]

    /// Nil when there was no telephone.
    package var direction: CallDirection?
    package var rating: Double?

    /// Credits, not money.
    package var cost: Int?

    /// US dollars.
    package var costFiat: Double?
    package var sentiment: ConversationSentiment?
    package var tagIDs: [String]

    /// Members that were not as the schema says and were read as absent.
    package var oddFields: [String]
}

/// How a conversation felt, where the agent has the analysis switched on.
package struct ConversationSentiment: Sendable, Hashable {
    package var label: String?
    package var sentimentScore: Double?
    package var frustrationScore: Double?
    package var minUserSentimentScore: Double?
    package var maxUserFrustrationScore: Double?
    package var scoredUserTurns: Int?
}

extension ConversationSummary {
    /// Reads a row of the list.
    ///
    /// - Throws: `RecordError` when the ids or the start time are not there.
    package init(json value: JSONValue) throws(RecordError) {
        let oddities = Fields.Oddities()
        guard let fields = Fields(value, oddities: oddities) else {
            throw RecordError(field: "", fault: .notAnObject)
        }
        self.init(
            id: try fields.id("conversation_id"),
            agentID: try fields.id("agent_id"),
            agentName: fields.word("agent_name"),
            branchID: fields.word("branch_id"),
            versionID: fields.word("version_id"),
            startedUnix: try fields.startTime("start_time_unix_secs"),
            durationSeconds: fields.integer("call_duration_secs"),
            messageCount: fields.integer("message_count"),
            userMessageCount: fields.integer("user_message_count"),
            agentMessageCount: fields.integer("agent_message_count"),
            status: fields.open("status") ?? .unknown,
            terminationReason: fields.word("termination_reason"),
            callSuccessful: fields.open("call_successful"),
            callSuccessScore: fields.number("call_success_score"),
            summary: fields.word("transcript_summary"),
            title: fields.word("call_summary_title"),
            mainLanguage: fields.word("main_language"),
            source: fields.open("conversation_initiation_source"),
            toolNames: fields.texts("tool_names"),
            direction: fields.open("direction"),
            rating: fields.number("rating"),
            cost: fields.integer("cost"),
            costFiat: fields.number("cost_fiat"),
            sentiment: fields.fields("sentiment_analysis").map(ConversationSentiment.init(fields:)),
            tagIDs: fields.texts("tag_ids"),
            oddFields: []
        )
        oddFields = oddities.names
    }

    /// A digest of all that can change in a row: equal as long as the detail need not be read
    /// again.
    ///
    /// Rows are comparable only between lists read with the same `summaries` choice, since a row
    /// without its summary looks like one that has none. Order of tags and tools does not count.
    package var fingerprint: String {
        var digest = SHA256()
        // Bumped when the fields below change, which makes every row look changed once.
        var text = "list-row-1"
        func add(_ value: String?) {
            // The length keeps two neighbours from changing places unseen.
            text += value.map { "|\($0.utf8.count):\($0)" } ?? "|-"
        }
        add(status.rawValue)
        for count in [durationSeconds, messageCount, userMessageCount, agentMessageCount, cost] {
            add(count.map(String.init))
        }
        for value in [callSuccessScore, rating, costFiat] {
            add(value.map { String($0) })
        }
        for word in [
            terminationReason, callSuccessful?.rawValue, summary, title, mainLanguage,
            direction?.rawValue, sentiment?.label,
        ] {
            add(word)
        }
        for score in [
            sentiment?.sentimentScore, sentiment?.frustrationScore,
            sentiment?.minUserSentimentScore, sentiment?.maxUserFrustrationScore,
        ] {
            add(score.map { String($0) })
        }
        add(sentiment?.scoredUserTurns.map(String.init))
        for list in [toolNames, tagIDs] {
            add(String(list.count))
            for word in list.sorted() { add(word) }
        }
        digest.update(data: Array(text.utf8))
        return Hexadecimal.text(digest.finalize().prefix(16))
    }
}

extension ConversationSentiment {
    fileprivate init(fields: Fields) {
        self.init(
            label: fields.word("overall_label"),
            sentimentScore: fields.number("overall_sentiment_score"),
            frustrationScore: fields.number("overall_frustration_score"),
            minUserSentimentScore: fields.number("min_user_sentiment_score"),
            maxUserFrustrationScore: fields.number("max_user_frustration_score"),
            scoredUserTurns: fields.integer("num_scored_user_turns")
        )
    }
}

/// Lower-case hexadecimal.
enum Hexadecimal {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            text += String(byte >> 4, radix: 16) + String(byte & 0xF, radix: 16)
        }
        return text
    }

    /// The bytes of a lower-case text; nil when it is none.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digit(digits[index]), let low = digit(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
