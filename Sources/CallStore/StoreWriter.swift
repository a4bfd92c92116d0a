import Ambient
import GRDB
import PhoneNumbers
import Traces

/// What a transaction can change; it lives only inside one.
///
/// Its methods speak of calls, campaigns and verdicts. Each checks in the statement itself that
/// what it was decided from is unchanged, and throws `StoreError.stale` when it is not.
package struct StoreWriter {
    let database: Database
    let ambient: Ambient
    let phoneKey: PhoneKey?
    let added: AddedJobs

    /// The jobs that this transaction has put into the outbox; to be sent after its commit.
    package var outboxAdded: [OutboxEntry] { added.entries }

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

    /// The caller key of a number and the id of the secret it was made with.
    func callerKey(of number: PartyNumber?) throws -> (key: DatabaseValue, id: DatabaseValue) {
        guard let e164 = number?.e164 else { return (.null, .null) }
        guard let phoneKey else {
            throw StoreError.rejected(reason: "the store was opened without the phone key")
        }
        let key = phoneKey.callerKey(e164: e164.text)
        return (key.databaseValue, phoneKey.id.databaseValue)
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
