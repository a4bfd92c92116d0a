/// What can go wrong between a program and the result store.
package enum StoreError: Error, Equatable, Sendable {
    /// Disk full, input/output error, lock not to be had, file not to be opened.
    ///
    /// Nothing was changed and nobody is to blame: the same call may succeed later.
    case unavailable(reason: String)

    /// A change broke a rule of the schema and was rolled back.
    case rejected(reason: String)

    /// The record was changed by somebody else since it was read, or a newer delivery of the job
    /// has gone further; nothing was changed.
    case stale(reason: String)

    /// What the caller named does not exist.
    case notFound(what: String)

    /// The file was written by a newer program; this one must not touch it.
    case newerSchema(found: Int, known: Int)

    /// The file is no store of ours, or its content is damaged.
    case damaged(reason: String)

    /// The caller's task was cancelled; nothing was changed.
    case cancelled
}
