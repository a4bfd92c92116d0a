import Ambient
import GRDB

/// What a transaction can change; it lives only inside one.
///
/// Its methods speak of calls, campaigns and verdicts. Each checks in the statement itself that
/// what it was decided from is unchanged, and throws `StoreError.stale` when it is not.
package struct StoreWriter {
    let database: Database
    let ambient: Ambient
    let phoneKey: PhoneKey?

    /// The moment of this transaction, Unix milliseconds.
    package let nowMilliseconds: Int64
}
