package import CallStore

/// What a rule may look at: one state of one call.
///
/// Nil means not known (yet), as opposed to empty.
package struct CallFacts: Sendable, Equatable {
    /// Upstream's `success`, `failure` or `unknown`; nil while the call is not analysed.
    package var successful: String?

    /// The turns in order; nil when the transcript is not there to read.
    package var transcript: [Turn]?
    package var criteria: [CriterionResult]?
    package var collected: [CollectedValue]?

    /// Of a call that has ended.
    package var durationSeconds: Int?

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
}
