import Ambient
import GRDB
import Traces

/// What a transaction can change; it lives only inside one.
///
/// Its methods speak of calls, campaigns and verdicts. Each checks in the statement itself that
/// what it was decided from is unchanged, and throws `StoreError.stale` when it is not.
package struct StoreWriter {
    let database: Database
    let ambient: Ambient
    let ring: PhoneKeyRing?
    let privacy: StorePrivacy
    let added: AddedJobs

    /// The jobs that this transaction has put into the outbox; to be sent after its commit.
    package var outboxAdded: [OutboxEntry] { added.entries }

    /// Whether all of the transaction is made again, part by part, when any of it fails.
    ///
    /// Then nothing in it needs a savepoint, which keeps a copy of each page that is changed.
    var isWhole = false

    /// The moment of this transaction, Unix milliseconds.
    package let nowMilliseconds: Int64

    /// Runs one statement, compiled once per connection.
    ///
    /// - Returns: How many rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
        return database.changesCount
    }
}

/// The jobs that a transaction has put into the outbox so far.
final class AddedJobs {
    var entries: [OutboxEntry] = []

    /// What the next ones follow from; nil when nothing is known of it.
    var cause: TraceScope?

    /// Campaigns whose recipients this transaction has noted as changed already.
    var notedCampaigns: Set<Int64> = []

    init(cause: TraceScope? = nil) {
        self.cause = cause
    }
}
