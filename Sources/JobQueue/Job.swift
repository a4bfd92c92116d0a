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
///
/// Its copies share what it holds: a job is handed on many times and all but never changed. What is
/// asked of each job by every part of a worker is read in place (`@inlinable`), not by a call.
package struct Job: Sendable, Equatable {
    /// What a job holds.
    @usableFromInline
    struct Fields: Sendable, Equatable {
        @usableFromInline var id: JobID
        @usableFromInline var kind: String
        @usableFromInline var lane: Lane
        @usableFromInline var attempt: Int
        @usableFromInline var crashes: Int
        @usableFromInline var createdMilliseconds: Int64
        @usableFromInline var readyMilliseconds: Int64
        var payload: [UInt8]
        var unique: UniqueKey?
        var uniqueHorizon: Duration
        @usableFromInline var trace: String?
        var limit: LimitKey?
        var encoding: PayloadEncoding
        @usableFromInline var defect: String?
    }

    @usableFromInline
    final class Shared: Sendable {
        @usableFromInline let fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    @usableFromInline var shared: Shared

    @usableFromInline var fields: Fields {
        get { shared.fields }
        set { shared = Shared(newValue) }
    }

    @inlinable package var id: JobID {
        get { shared.fields.id }
        set { fields.id = newValue }
    }

    @inlinable package var kind: String {
        get { shared.fields.kind }
        set { fields.kind = newValue }
    }

    @inlinable package var lane: Lane {
        get { shared.fields.lane }
        set { fields.lane = newValue }
    }

    /// Which attempt this delivery is, from 1.
    ///
    /// A delivery that was reaped or handed back does not count.
    @inlinable package var attempt: Int {
        get { shared.fields.attempt }
        set { fields.attempt = newValue }
    }

    /// How many solo batches with this job have ended without a word from their worker.
    @inlinable package var crashes: Int {
        get { shared.fields.crashes }
        set { fields.crashes = newValue }
    }

    /// When it was first enqueued, in Unix milliseconds of the queue's clock.
    @inlinable package var createdMilliseconds: Int64 {
        get { shared.fields.createdMilliseconds }
        set { fields.createdMilliseconds = newValue }
    }

    /// When it last entered a list, in Unix milliseconds of the queue's clock.
    @inlinable package var readyMilliseconds: Int64 {
        get { shared.fields.readyMilliseconds }
        set { fields.readyMilliseconds = newValue }
    }

    /// The arguments as they stand in the envelope; whoever wants them asks `arguments()`.
    package var payload: [UInt8] {
        get { shared.fields.payload }
        set { fields.payload = newValue }
    }

    package var unique: UniqueKey? {
        get { shared.fields.unique }
        set { fields.unique = newValue }
    }

    package var uniqueHorizon: Duration {
        get { shared.fields.uniqueHorizon }
        set { fields.uniqueHorizon = newValue }
    }

    @inlinable package var trace: String? {
        get { shared.fields.trace }
        set { fields.trace = newValue }
    }

    package var limit: LimitKey? {
        get { shared.fields.limit }
        set { fields.limit = newValue }
    }

    package var encoding: PayloadEncoding {
        get { shared.fields.encoding }
        set { fields.encoding = newValue }
    }

    /// Why this is no job: bytes that begin like an envelope and are none, as its payload.
    ///
    /// Nil for every job. The only outcome that fits another one is `dead`.
    @inlinable package var defect: String? {
        get { shared.fields.defect }
        set { fields.defect = newValue }
    }

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
        shared = Shared(
            Fields(
                id: id,
                kind: kind,
                lane: lane,
                attempt: attempt,
                crashes: crashes,
                createdMilliseconds: createdMilliseconds,
                readyMilliseconds: readyMilliseconds,
                payload: payload,
                unique: unique,
                uniqueHorizon: uniqueHorizon,
                trace: trace,
                limit: limit,
                encoding: encoding,
                defect: defect
            )
        )
    }

    package static func == (first: Job, second: Job) -> Bool {
        first.shared === second.shared || first.fields == second.fields
    }
}
