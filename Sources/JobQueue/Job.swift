/// The order in which waiting jobs are fetched; the name is the end of the list's key.
package enum Lane: String, CaseIterable, Sendable, Codable {
    case hi
    case std
    case low
}

/// A job as a producer hands it in.
package struct NewJob: Sendable, Equatable {
    package var id: JobID

    /// Which handler runs it; at most `Identifier.lengthMax` bytes, same rule as an identifier.
    package var kind: String

    package var lane: Lane

    /// The arguments, as bytes that the queue does not read; JSON by convention.
    package var payload: [UInt8]

    package var unique: UniqueKey?

    /// How long a unique key may outlive its last renewal: the kind's whole retry horizon.
    package var uniqueHorizon: Duration

    /// Not before this much time from now, by the queue's clock; zero to run at once.
    package var delay: Duration

    /// W3C `traceparent` of what caused the job.
    package var trace: String?

    /// Whose limits hold for it; without one it waits for nothing but its turn.
    package var limit: LimitKey?

    package init(
        id: JobID,
        kind: String,
        lane: Lane = .std,
        payload: [UInt8],
        unique: UniqueKey? = nil,
        uniqueHorizon: Duration = .seconds(24 * 60 * 60),
        delay: Duration = .zero,
        trace: String? = nil,
        limit: LimitKey? = nil
    ) {
        self.id = id
        self.kind = kind
        self.lane = lane
        self.payload = payload
        self.unique = unique
        self.uniqueHorizon = uniqueHorizon
        self.delay = delay
        self.trace = trace
        self.limit = limit
    }
}

/// A job as a worker or an operator sees it.
package struct Job: Sendable, Equatable {
    package var id: JobID
    package var kind: String
    package var lane: Lane

    /// Which attempt this delivery is, from 1.
    ///
    /// A delivery that was reaped or handed back does not count.
    package var attempt: Int

    /// How many solo batches with this job have ended without a word from their worker.
    package var crashes: Int

    /// When it was first enqueued, in Unix milliseconds of the queue's clock.
    package var createdMilliseconds: Int64

    /// When it last entered a list, in Unix milliseconds of the queue's clock.
    package var readyMilliseconds: Int64

    /// The arguments as they stand in the envelope; whoever wants them asks `arguments()`.
    package var payload: [UInt8]
    package var unique: UniqueKey?
    package var uniqueHorizon: Duration
    package var trace: String?
    package var limit: LimitKey?
    package var encoding: PayloadEncoding

    /// Why this is no job: bytes that begin like an envelope and are none, as its payload.
    ///
    /// Nil for every job. The only outcome that fits another one is `dead`.
    package var defect: String?

    package init(
        id: JobID,
        kind: String,
        lane: Lane,
        attempt: Int,
        crashes: Int,
        createdMilliseconds: Int64,
        readyMilliseconds: Int64,
        payload: [UInt8],
        unique: UniqueKey?,
        uniqueHorizon: Duration,
        trace: String?,
        limit: LimitKey? = nil,
        encoding: PayloadEncoding = .raw,
        defect: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.lane = lane
        self.attempt = attempt
        self.crashes = crashes
        self.createdMilliseconds = createdMilliseconds
        self.readyMilliseconds = readyMilliseconds
        self.payload = payload
        self.unique = unique
        self.uniqueHorizon = uniqueHorizon
        self.trace = trace
        self.defect = defect
        self.limit = limit
        self.encoding = encoding
    }
}
