import GRDB

extension StoreError {
    /// What an error from inside a transaction means to a caller.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case is CancellationError: self = .cancelled
        case let error as DatabaseError: self = Self(error)
        default: self = .rejected(reason: "\(type(of: error)): \(error)")
        }
    }

    private init(_ error: DatabaseError) {
        // Statements and messages name tables and columns; bound values never stand in them.
        let reason = "\(error.extendedResultCode): \(error.message ?? "no message")"
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_READONLY,
            .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_PROTOCOL, .SQLITE_NOMEM, .SQLITE_NOLFS:
            self = .unavailable(reason: reason)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .damaged(reason: reason)
        case .SQLITE_INTERRUPT, .SQLITE_ABORT:
            self = .cancelled
        default:
            self = .rejected(reason: reason)
        }
    }

    /// Whether it concerns the store as a whole, not one job's results.
    var concernsStore: Bool {
        switch self {
        case .unavailable, .damaged, .newerSchema, .cancelled: true
        case .rejected, .stale, .notFound: false
        }
    }
}
