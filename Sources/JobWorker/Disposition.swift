package import JobQueue

/// Why somebody ended an attempt from outside.
package enum StopReason: Sendable, Equatable {
    /// It took longer than its kind may.
    case timeout(Duration)

    /// An operator cancelled the job.
    case person

    /// Its batch was taken back: somebody else runs it.
    case lost

    /// The worker ends.
    case shutdown
}

/// How an attempt came to its end, as the handler saw it.
package enum AttemptEnd<Effect: Sendable>: Sendable {
    case returned(HandlerResult<Effect>)

    /// It threw; the text is for operators.
    case threw(String)
}

/// What is to be done with a job after an attempt.
package enum Disposition<Effect: Sendable>: Sendable {
    /// Commit the effect; the verdict decides.
    case commit(Effect)

    /// Tell the queue.
    case settle(Outcome)

    /// Nothing: the job is somebody else's now.
    case drop
}

/// Turns the ends of attempts and commits into decisions; pure, and the only place that does.
package struct DispositionRules {
    package var policy: JobPolicy
    package var staleDelay: Duration

    /// How long a job waits for a worker that knows it, and how often it looks for one.
    package var unknownMax: Duration
    package var unknownPause: Duration

    package init(
        policy: JobPolicy,
        staleDelay: Duration,
        unknownMax: Duration = .seconds(3600),
        unknownPause: Duration = .seconds(30)
    ) {
        self.policy = policy
        self.staleDelay = staleDelay
        self.unknownMax = unknownMax
        self.unknownPause = unknownPause
    }

    /// What follows from the end of an attempt.
    ///
    /// A finished effect is always offered to the ledger, whatever was asked of the handler
    /// meanwhile: whoever commits first wins. An attempt that was ended from outside counts as
    /// failed only when it ran out of time.
    ///
    /// - Parameters:
    ///   - end: How it ended.
    ///   - stop: Why it was ended from outside.
    ///   - attempt: Which one it was, from 1.
    ///   - unknownFor: How long the job has waited for a program that knows it.
    ///   - draw: One draw from `0..<1`.
    /// - Returns: What is to be done with the job.
    package func disposition<Effect>(
        of end: AttemptEnd<Effect>,
        stop: StopReason?,
        attempt: Int,
        unknownFor: Duration = .zero,
        draw: Double
    ) -> Disposition<Effect> {
        if case .returned(.done(let effect)) = end { return .commit(effect) }
        switch stop {
        case .lost:
            return .drop
        case .person:
            return .settle(.discard(reason: "cancelled by an operator"))
        case .shutdown:
            return .settle(
                outcomeAtShutdown(of: end, attempt: attempt, unknownFor: unknownFor, draw: draw)
            )
        case .timeout(let limit):
            return .settle(failed(attempt, "no end within \(limit)", .zero, draw))
        case nil:
            return .settle(outcome(of: end, attempt: attempt, unknownFor: unknownFor, draw: draw))
        }
    }

    /// What follows from the verdict on an effect.
    package func outcome(after verdict: CommitVerdict, attempt: Int, draw: Double) -> Outcome {
        switch verdict {
        case .applied, .alreadyApplied:
            .done
        case .stale(let reason):
            .snooze(after: staleDelay * (0.5 + draw), reason: QueueText.clipped(reason))
        case .rejected(let reason):
            failed(attempt, reason, .zero, draw)
        }
    }

    private func outcome<Effect>(
        of end: AttemptEnd<Effect>,
        attempt: Int,
        unknownFor: Duration,
        draw: Double
    ) -> Outcome {
        switch end {
        case .threw(let reason):
            failed(attempt, reason, .zero, draw)
        case .returned(.done):
            preconditionFailure("An effect is committed before its job is settled.")
        case .returned(.retry(let reason, let notBefore)):
            failed(attempt, reason, notBefore, draw)
        case .returned(.snooze(let delay, let reason)):
            .snooze(after: delay, reason: QueueText.clipped(reason))
        case .returned(.rest(let delay, let reason)):
            .rest(after: delay, reason: QueueText.clipped(reason))
        case .returned(.unknown(let reason)):
            unknown(reason, for: unknownFor, draw: draw)
        case .returned(.discard(let reason)):
            .discard(reason: QueueText.clipped(reason))
        case .returned(.dead(let reason)):
            .dead(reason: QueueText.clipped(reason))
        }
    }

    /// A handler that was cancelled may still have come to a decision of its own; what it threw
    /// is the cancellation, and the job goes back untouched.
    private func outcomeAtShutdown<Effect>(
        of end: AttemptEnd<Effect>,
        attempt: Int,
        unknownFor: Duration,
        draw: Double
    ) -> Outcome {
        switch end {
        case .threw, .returned(.retry), .returned(.done): .release
        case .returned(.snooze), .returned(.rest), .returned(.unknown), .returned(.discard),
            .returned(.dead):
            outcome(of: end, attempt: attempt, unknownFor: unknownFor, draw: draw)
        }
    }

    /// While programs are being replaced, a job may come to one that is older than itself.
    private func unknown(_ reason: String, for waited: Duration, draw: Double) -> Outcome {
        let reason = QueueText.clipped(reason)
        guard waited < unknownMax else { return .dead(reason: reason) }
        return .snooze(after: unknownPause * (0.5 + draw), reason: reason)
    }

    private func failed(
        _ attempt: Int,
        _ reason: String,
        _ notBefore: Duration,
        _ draw: Double
    ) -> Outcome {
        policy.retry.outcome(
            afterAttempt: attempt,
            reason: QueueText.clipped(reason),
            atLeast: notBefore,
            draw: draw
        )
    }
}
