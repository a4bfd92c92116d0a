package import JobQueue

/// A job that follows from a change, on its way from the store to its queue.
package struct OutboxJob: Hashable, Sendable {
    package var queue: QueueName
    package var kind: String
    package var lane: Lane

    /// JSON arguments.
    package var payload: [UInt8]
    package var unique: UniqueKey?
    package var uniqueHorizon: Duration
    package var delay: Duration
    package var trace: String?

    package init(
        queue: QueueName,
        kind: String,
        lane: Lane,
        payload: [UInt8],
        unique: UniqueKey? = nil,
        uniqueHorizon: Duration = .seconds(24 * 60 * 60),
        delay: Duration = .zero,
        trace: String? = nil
    ) {
        self.queue = queue
        self.kind = kind
        self.lane = lane
        self.payload = payload
        self.unique = unique
        self.uniqueHorizon = uniqueHorizon
        self.delay = delay
        self.trace = trace
    }
}

/// A job in the outbox, with the id that the store gave it.
package struct OutboxEntry: Hashable, Sendable {
    package var id: JobID
    package var job: OutboxJob

    /// When the row was made, Unix milliseconds.
    package var createdMilliseconds: Int64

    /// How often it was sent before.
    package var sends: Int

    package init(id: JobID, job: OutboxJob, createdMilliseconds: Int64, sends: Int) {
        self.id = id
        self.job = job
        self.createdMilliseconds = createdMilliseconds
        self.sends = sends
    }

    /// What the queue is handed.
    package var newJob: NewJob {
        NewJob(
            id: id,
            kind: job.kind,
            lane: job.lane,
            payload: job.payload,
            unique: job.unique,
            uniqueHorizon: job.uniqueHorizon,
            delay: job.delay,
            trace: job.trace
        )
    }
}
