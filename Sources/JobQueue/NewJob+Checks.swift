extension NewJob {
    /// The same job with a limit key, unless it has one of its own.
    package func limited(to key: LimitKey?) -> NewJob {
        guard limit == nil, let key else { return self }
        var job = self
        job.limit = key
        return job
    }
}

extension [NewJob] {
    /// Refuses what no queue takes, before anything is sent.
    ///
    /// - Throws: `QueueError.payloadTooLarge`, or `QueueError.refused` for a kind or trace that is
    ///   no identifier and for an empty or too long list.
    package func checkForQueue(payloadBytesMax: Int) throws(QueueError) {
        guard !isEmpty, count <= QueueLimits.jobsPerCallMax else {
            throw .refused(reason: "a call holds 1 to \(QueueLimits.jobsPerCallMax) jobs")
        }
        for job in self {
            guard job.payload.count <= payloadBytesMax else {
                throw .payloadTooLarge(
                    id: job.id,
                    bytes: job.payload.count,
                    limit: payloadBytesMax
                )
            }
            guard Identifier.isWellFormed(job.kind) else {
                throw .refused(reason: "the job's kind is no identifier")
            }
            guard job.trace.map(Identifier.isWellFormed) ?? true else {
                throw .refused(reason: "the job's trace is no identifier")
            }
        }
    }
}
