package import CallStore

/// What a rule may look at: one state of one call.
///
/// Nil means not known (yet), as opposed to empty.
package struct CallFacts: Sendable, Equatable {
    /// What a call is credited to.
    package enum Campaign: Sendable, Equatable {
        case none
        case one(id: CampaignID, name: String?)
    }

    /// Upstream's `success`, `failure` or `unknown`; nil while the call is not analysed.
    package var successful: String?
    package var successScore: Double?

    /// The turns in order; nil when the transcript is not there to read.
    package var transcript: [Turn]?
    package var criteria: [CriterionResult]?
    package var collected: [CollectedValue]?

    /// Of a call that has ended.
    package var durationSeconds: Int?
    package var agentID: String?

    /// Upstream's main language, such as `en` or `es-MX`.
    package var language: String?
    package var channel: CallChannel?
    package var direction: CallDirection?
    package var terminationReason: String?
    package var sentiment: String?
    package var rating: Double?

    /// Whether the caller's number was withheld; nil when there is no number to speak of.
    package var isWithheld: Bool?

    /// Whether no earlier call of the same number is known; nil without a number.
    package var isFirstTime: Bool?

    /// The caller lists that the number is on; nil without a number.
    package var callerLists: Set<String>?

    /// Nil while nobody has decided.
    package var campaign: Campaign?

    package init(
        successful: String? = nil,
        transcript: [Turn]? = nil,
        criteria: [CriterionResult]? = nil,
        collected: [CollectedValue]? = nil,
        durationSeconds: Int? = nil
    ) {
        self.successful = successful
        self.transcript = transcript
        self.criteria = criteria
        self.collected = collected
        self.durationSeconds = durationSeconds
    }

    /// What rules may look at, of a call at its end.
    package init(_ judged: CallToJudge) {
        let call = judged.call
        let record = call.record
        self.init(
            successful: record.callSuccessful,
            transcript: Self.transcript(of: call),
            criteria: record.criteria,
            collected: record.collected,
            durationSeconds: record.status.isFinal ? record.durationSeconds : nil
        )
        successScore = record.successScore
        agentID = record.agentID
        language = record.language
        channel = record.channel
        direction = record.direction
        terminationReason = record.terminationReason
        sentiment = record.sentiment
        rating = record.rating
        isWithheld = judged.isWithheld
        isFirstTime = judged.isFirstOfCaller
        callerLists = judged.callerLists
        campaign = call.attribution.map { attribution in
            attribution.decision.campaign.map { .one(id: $0, name: judged.campaignName) } ?? .none
        }
    }

    /// The turns; nil when there were some that we do not have.
    private static func transcript(of call: Call) -> [Turn]? {
        guard call.hasDetail else { return nil }
        guard call.transcript.isEmpty else { return call.transcript }
        let record = call.record
        let wasDeleted = record.transcriptDeletedUnix != nil
        let hadMessages = (record.messageCount ?? 0) > 0 || (record.callerMessageCount ?? 0) > 0
        return !wasDeleted && !hadMessages ? [] : nil
    }
}
