import JobQueue

/// What a handler wants changed; only its handler and its committer know of which type it is.
///
/// The loop hands effects on and never looks into one. Were it generic over them, it would ask the
/// runtime for its own types several times for each job, which costs more than all it does for one.
struct AnyEffect: Sendable {
    let value: any Sendable
}

/// A handler whose effects are handed on unseen.
struct ErasedHandler<Base: JobHandler>: JobHandler {
    let base: Base

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<AnyEffect> {
        switch try await base.run(job, in: context) {
        case .done(let effect): .done(AnyEffect(value: effect))
        case .retry(let reason, let notBefore): .retry(reason: reason, notBefore: notBefore)
        case .snooze(let delay, let reason): .snooze(after: delay, reason: reason)
        case .rest(let delay, let reason): .rest(after: delay, reason: reason)
        case .unknown(let reason): .unknown(reason: reason)
        case .discard(let reason): .discard(reason: reason)
        case .dead(let reason): .dead(reason: reason)
        }
    }

    func policy(forKind kind: String) -> JobPolicy { base.policy(forKind: kind) }

    func knows(kind: String) -> Bool { base.knows(kind: kind) }
}

/// A committer that gets back the effects of its handler.
struct ErasedCommitter<Base: ResultCommitter>: ResultCommitter {
    let base: Base

    func finished(among ids: [JobID]) async throws(CommitError) -> Set<JobID> {
        try await base.finished(among: ids)
    }

    func commit(
        _ jobs: [FinishedJob],
        effects: [AnyEffect],
        notes: [JobNote]
    ) async throws(CommitError) -> [CommitVerdict] {
        try await base.commit(jobs, effects: Self.typed(effects), notes: notes)
    }

    func end(_ jobs: [DroppedJob]) async throws(CommitError) { try await base.end(jobs) }

    func isFollowed(_ job: Job) -> Bool { base.isFollowed(job) }

    private static func typed(_ effects: [AnyEffect]) -> [Base.Effect] {
        effects.map { effect in
            guard let typed = effect.value as? Base.Effect else {
                preconditionFailure("A worker's handler and committer share the type of effects.")
            }
            return typed
        }
    }
}
