package import Foundation
package import JobQueue

/// What happened to a job besides a plain success, for those who ask for it later.
package struct JobNote: Sendable, Equatable {
    package enum Event: Sendable, Equatable {
        /// Its handler has been at it for a while.
        case running

        /// The attempt failed; the next one is due after the delay.
        case failed(after: Duration, reason: String)
        case snoozed(after: Duration, reason: String)

        /// Handed back untouched.
        case released
        case discarded(reason: String)
        case dead(reason: String)

        /// An earlier delivery had been committed.
        case alreadyDone
    }

    /// Who or what ended the attempt, as far as the reason's words do not say it.
    package enum Cause: String, Sendable, Equatable {
        /// The handler itself, by what it returned or threw.
        case handler

        /// It took longer than its kind may.
        case timeout

        /// It did not end when it was cancelled.
        case stuck

        /// Its effect broke a rule of the store.
        case rejected
        case person

        /// Its worker ended without a word, running nothing else.
        case crash
    }

    /// The job as it was delivered.
    package var job: Job
    package var worker: WorkerID
    package var fence: Int64
    package var event: Event
    package var cause: Cause

    /// How long the attempt has taken so far.
    package var ran: Duration?

    /// When it happened, by the worker's own clock.
    package var at: Date

    package init(
        job: Job,
        worker: WorkerID,
        fence: Int64,
        event: Event,
        cause: Cause = .handler,
        ran: Duration? = nil,
        at: Date
    ) {
        self.job = job
        self.worker = worker
        self.fence = fence
        self.event = event
        self.cause = cause
        self.ran = ran
        self.at = at
    }
}

extension StopReason {
    /// What a note says of an attempt that was stopped for this.
    var cause: JobNote.Cause {
        switch self {
        case .timeout: .timeout
        case .person: .person
        case .lost, .shutdown: .handler
        }
    }
}
