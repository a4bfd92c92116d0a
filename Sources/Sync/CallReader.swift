package import CallStore
package import ElevenLabs
package import PhoneNumbers

/// Turns what the upstream sends into records of the store.
///
/// Pure: it asks nobody. What a reading does not tell stays nil, which erases nothing.
package struct CallReader: Sendable {
    private let normalizer: NumberNormalizer
    private let region: Region?

    /// - Parameters:
    ///   - normalizer: Reads phone numbers.
    ///   - region: For numbers without a country code, where the agent's own number tells none.
    package init(normalizer: NumberNormalizer, region: Region?) {
        self.normalizer = normalizer
        self.region = region
    }

    // MARK: A row of the list

    /// What a row alone tells: no number, no transcript, no analysis.
    ///
    /// `isDetailKnown` says that the store has all that a detail could add; the row's fingerprint
    /// stands for the whole call then.
    package func record(
        _ row: ConversationSummary,
        workspace: String,
        fetchedAtMilliseconds: Int64,
        isDetailKnown: Bool
    ) -> CallRecord {
        let status = CallStatus(row.status.rawValue)
        var record = CallRecord(
            identity: CallIdentity(workspace: workspace, conversationID: row.id),
            source: .list,
            fetchedAtMilliseconds: fetchedAtMilliseconds,
            agentID: row.agentID,
            status: status
        )
        record.listFingerprint = isDetailKnown ? row.fingerprint : nil
        record.agentName = row.agentName
        record.branchID = row.branchID
        record.versionID = row.versionID
        record.startedUnix = row.startedUnix
        record.durationSeconds = row.durationSeconds.map { max($0, 0) }
        record.direction = row.direction.flatMap { .init(rawValue: $0.rawValue) }
        record.terminationReason = row.terminationReason
        // The row always has a verdict; before the end of the call it means nothing.
        if status.isFinal { record.callSuccessful = row.callSuccessful?.rawValue }
        record.successScore = row.callSuccessScore
        record.summary = row.summary.map(Self.trimmed)
        addListOnlyFields(of: row, to: &record)
        record.callerMessageCount = row.userMessageCount.map { max($0, 0) }
        record.agentMessageCount = row.agentMessageCount.map { max($0, 0) }
        record.costCredits = row.cost.map { Int64($0) }
        record.costDollars = row.costFiat
        record.language = row.mainLanguage
        record.initiationSource = row.source?.rawValue
        return record
    }

    /// What only the list tells, and what it tells better.
    private func addListOnlyFields(of row: ConversationSummary, to record: inout CallRecord) {
        record.title = record.title ?? row.title
        record.sentiment = row.sentiment?.label
        record.rating = row.rating ?? record.rating
        record.messageCount = row.messageCount.map { max($0, 0) } ?? record.messageCount
        record.tags = row.tagIDs
        if !row.toolNames.isEmpty { record.toolNames = row.toolNames }
    }

    // MARK: A detail or a webhook

    /// What a detail tells, and the row that it was read for.
    package func record(
        _ detail: ConversationDetail,
        row: ConversationSummary? = nil,
        source: CallRecord.Source,
        workspace: String,
        fetchedAtMilliseconds: Int64,
        deliveredMilliseconds: Int64? = nil
    ) -> CallRecord {
        let status = CallStatus(detail.status.rawValue)
        let metadata = detail.metadata
        var record = CallRecord(
            identity: CallIdentity(workspace: workspace, conversationID: detail.id),
            source: source,
            fetchedAtMilliseconds: fetchedAtMilliseconds,
            agentID: detail.agentID,
            status: status
        )
        record.deliveredMilliseconds = deliveredMilliseconds
        record.listFingerprint = row?.fingerprint
        record.agentName = detail.agentName ?? row?.agentName
        record.branchID = detail.branchID
        record.versionID = detail.versionID
        record.startedUnix = metadata.startedUnix
        record.acceptedUnix = metadata.acceptedUnix
        // Where the detail's own makes no sense, the row tells it as well.
        record.durationSeconds = (metadata.durationSeconds ?? row?.durationSeconds)
            .map { max($0, 0) }
        record.terminationReason = metadata.terminationReason
        record.errorReason = metadata.failure?.reason
        record.callerMessageCount = detail.userMessageCount.map { max($0, 0) }
        record.agentMessageCount = detail.agentMessageCount.map { max($0, 0) }
        // A call that came by webhook alone has no row of the list, which tells the sum.
        if let caller = record.callerMessageCount, let agent = record.agentMessageCount {
            record.messageCount = caller + agent
        }
        record.costCredits = metadata.cost.map { Int64($0) }
        record.costDollars = metadata.costFiat
        record.language = metadata.mainLanguage
        record.initiationSource = metadata.source?.rawValue
        record.userID = detail.userID
        record.isTextOnly = metadata.isTextOnly
        record.tags = detail.tagIDs
        record.rating = metadata.feedback?.rating.map { Double($0) }
        record.feedbackComment = metadata.feedback?.comment
        record.deletionUnix = metadata.deletion?.plannedUnix
        record.transcriptDeletedUnix = metadata.deletion?.transcriptDeletedUnix
        addPhone(of: detail, to: &record)
        addCampaign(of: detail, to: &record)
        addAnalysis(of: detail, to: &record)
        addTranscript(of: detail, to: &record)
        if let row { addListOnlyFields(of: row, to: &record) }
        return record
    }

    private func addPhone(of detail: ConversationDetail, to record: inout CallRecord) {
        let metadata = detail.metadata
        guard let phone = metadata.phoneCall else {
            let isMessaging = metadata.smsUserNumber != nil || metadata.whatsAppUserID != nil
            record.channel = metadata.isTextOnly == true || isMessaging ? .text : .voice
            if let number = metadata.smsUserNumber {
                record.caller = party(number, region: region)
            } else if let id = metadata.whatsAppUserID {
                record.caller = whatsApp(id)
            }
            return
        }
        record.channel = .phone
        record.direction = phone.direction.flatMap { .init(rawValue: $0.rawValue) }
        record.phoneNumberID = phone.phoneNumberID
        record.callResult = detail.isVoicemail ? "voicemail" : phone.result?.rawValue
        let ours = phone.agentNumber.map { normalizer.read($0, region: region) }
        if let ours {
            record.agentNumber = PartyNumber(ours, normaliserVersion: normalizer.version)
        }
        // A number that was deleted with the transcript does not unsay who called. Otherwise an
        // empty one is a caller who hides it, and no header may unmask him.
        if phone.externalNumber == nil, record.transcriptDeletedUnix != nil { return }
        record.caller = party(
            phone.externalNumber ?? "",
            region: ours?.region.flatMap { Region($0) } ?? region
        )
    }

    /// WhatsApp names people by their number with its country code and without its plus.
    private func whatsApp(_ id: String) -> PartyNumber {
        let isDigits = id.utf8.allSatisfy { (0x30...0x39).contains($0) }
        var party = party(isDigits ? "+" + id : id, region: nil)
        party.raw = id
        return party
    }

    private func party(_ raw: String, region: Region?) -> PartyNumber {
        PartyNumber(normalizer.read(raw, region: region), normaliserVersion: normalizer.version)
    }

    private func addCampaign(of detail: ConversationDetail, to record: inout CallRecord) {
        if let batch = detail.metadata.batchCall {
            record.batchCallID = batch.id
            record.batchRecipientID = batch.recipientID
            record.upstreamCampaignID = batch.campaign?.id
            record.upstreamLeadID = batch.campaign?.leadID
        }
        let kept = detail.dynamicVariables.filter { name, _ in Self.isKept(variable: name) }
        if !kept.isEmpty { record.dynamicVariables = kept.mapValues { StoredValue($0) } }
    }

    /// Numbers and words of the call stand where erasure and retention find them, and secrets
    /// nowhere.
    private static func isKept(variable name: String) -> Bool {
        let numbersAndWords: Set<String> = [
            "system__caller_id", "system__called_number", "system__conversation_history",
        ]
        return !name.hasPrefix("secret__") && !numbersAndWords.contains(name)
    }

    private func addAnalysis(of detail: ConversationDetail, to record: inout CallRecord) {
        guard let analysis = detail.analysis else { return }
        record.callSuccessful = analysis.callSuccessful?.rawValue
        record.successScore = analysis.callSuccessScore
        record.summary = analysis.summary.map(Self.trimmed)
        record.title = analysis.title
        record.criteria = analysis.criteria.map { criterion in
            .init(
                id: criterion.id,
                result: criterion.result?.rawValue ?? "unknown",
                rationale: criterion.rationale,
                score: criterion.score,
                scoreMax: criterion.maxScore
            )
        }
        record.collected = analysis.data.map { datum in
            CollectedValue(
                id: datum.id,
                value: datum.value.map { StoredValue($0) } ?? .null,
                rationale: datum.rationale
            )
        }
    }

    private func addTranscript(of detail: ConversationDetail, to record: inout CallRecord) {
        guard detail.isTranscriptIncluded else { return }
        let turns = Self.turns(detail.transcript)
        // Before the end an empty transcript only says that it cannot be read yet.
        guard record.status.isFinal || !turns.isEmpty else { return }
        record.transcript = turns
        record.responseMilliseconds = detail.responseMilliseconds
        let tools = Set(turns.flatMap { $0.toolCalls.map(\.name) })
        if !tools.isEmpty { record.toolNames = tools.sorted() }
    }

    private static func turns(_ transcript: [TranscriptTurn]) -> [Turn] {
        var seconds = 0
        return transcript.map { turn in
            // A turn that does not say when it began comes after the one before it.
            seconds = max(turn.secondsIntoCall ?? seconds, 0)
            return Turn(
                speaker: turn.role == .user ? .caller : .agent,
                message: turn.message,
                secondsIn: seconds,
                wasInterrupted: turn.isInterrupted,
                toolCalls: turn.toolCalls.map { call in
                    .init(
                        requestID: call.requestID ?? "",
                        name: call.name,
                        kind: call.kind,
                        arguments: call.parameters ?? "",
                        wasCalled: call.wasCalled
                    )
                },
                toolResults: turn.toolResults.map { result in
                    .init(
                        requestID: result.requestID ?? "",
                        name: result.name,
                        kind: result.kind,
                        value: result.value ?? "",
                        isError: result.isError,
                        wasCalled: result.wasCalled
                    )
                }
            )
        }
    }

    // MARK: A call that never came to be

    /// What the webhook of a failed outbound call tells.
    package func record(
        _ failure: InitiationFailure,
        eventUnix: Int64?,
        workspace: String,
        happenedAtMilliseconds: Int64,
        deliveredMilliseconds: Int64
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(workspace: workspace, conversationID: failure.conversationID),
            source: .initiationFailure,
            fetchedAtMilliseconds: happenedAtMilliseconds,
            agentID: failure.agentID ?? "",
            status: .failed
        )
        record.deliveredMilliseconds = deliveredMilliseconds
        record.startedUnix = eventUnix
        record.durationSeconds = 0
        record.channel = .phone
        record.direction = .outbound
        record.callResult = failure.result?.rawValue
        record.errorReason = failure.errorReason
        let ours = failure.fromNumber.map { normalizer.read($0, region: region) }
        if let ours {
            record.agentNumber = PartyNumber(ours, normaliserVersion: normalizer.version)
        }
        if let called = failure.toNumber {
            record.caller = party(called, region: ours?.region.flatMap { Region($0) } ?? region)
        }
        return record
    }

    /// The upstream's summaries may end in a newline.
    static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}

extension StoredValue {
    /// The same value as the store keeps it.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .text(let text): self = .text(text)
        case .list(let list): self = .list(list.map { StoredValue($0) })
        case .object(let object):
            self = .object(
                Dictionary(
                    object.sorted.map { ($0.name, StoredValue($0.value)) },
                    uniquingKeysWith: { _, last in last }
                )
            )
        }
    }
}
