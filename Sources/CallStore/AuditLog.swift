import Crypto
package import Foundation

/// What somebody did, to be written into the audit log.
///
/// None of its texts may hold a readable number; what looks like one in the reason is masked. Nor
/// may they hold what somebody wrote about a call, a caller or a recipient: the rows are never
/// removed, and an erasure does not reach them. `fields` says only that there is such a note.
package struct AuditNote: Hashable, Sendable {
    /// A person, or `upkeep` for what happens by schedule.
    package var actor: String

    /// What was done, such as `call.assign` or `queue.pause`.
    package var action: String

    /// To what: a kind and a name, such as `queue:sync`; a caller by `AuditObject.caller`.
    package var object: String

    /// Id of the secret that a caller's key was made with.
    package var keyID: String?

    /// What was changed, as it was before and after.
    package var before: [String: StoredValue]?
    package var after: [String: StoredValue]?

    /// Why an operator did it, to a queue, a schedule, the rules and the like.
    package var reason: String?

    package init(
        actor: String,
        action: String,
        object: String,
        keyID: String? = nil,
        before: [String: StoredValue]? = nil,
        after: [String: StoredValue]? = nil,
        reason: String? = nil
    ) {
        self.actor = actor
        self.action = action
        self.object = object
        self.keyID = keyID
        self.before = before
        self.after = after
        self.reason = reason
    }
}

extension AuditNote {
    /// What was changed of a call, with `note` among it when a person wrote one.
    ///
    /// The note itself stands with the call, from where an erasure takes it away.
    static func fields(
        _ fields: [String: StoredValue],
        note: String?
    ) -> [String: StoredValue] {
        guard let note, !note.isEmpty else { return fields }
        return fields.merging(["note": .bool(true)]) { _, written in written }
    }
}

/// How the audit log names what was acted on.
package enum AuditObject {
    /// A caller: the first 16 bytes of the caller key, in hex.
    package static func caller(_ key: Data) -> String { "caller:" + hex(key.prefix(16)) }

    static func hex(_ data: Data) -> String {
        data.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }
}

/// One row of the audit log.
package struct AuditEntry: Hashable, Sendable {
    /// From 1, without a gap.
    package var position: Int64
    package var atMilliseconds: Int64
    package var note: AuditNote

    /// SHA-256 of the row before, and of this one with it; 32 bytes each.
    package var previous: Data
    package var hash: Data

    /// Lower-case hex of the hash.
    package var hashText: String { AuditObject.hex(hash) }

    /// What stands for the row before the first.
    static let origin = Data(count: 32)

    /// The digest of a row: of the one before it, and of its fields as a JSON list.
    static func hash(
        position: Int64,
        atMilliseconds: Int64,
        actor: String,
        action: String,
        object: String,
        keyID: String?,
        before: String?,
        after: String?,
        reason: String?,
        previous: Data
    ) throws -> Data {
        func optional(_ text: String?) -> StoredValue { text.map { .text($0) } ?? .null }
        let fields: [StoredValue] = [
            .integer(position), .integer(atMilliseconds), .text(actor), .text(action),
            .text(object), optional(keyID), optional(before), optional(after), optional(reason),
        ]
        return Data(SHA256.hash(data: previous + Data(try StoredJSON.text(fields).utf8)))
    }
}

/// What a check of the whole audit log found.
package struct AuditVerdict: Hashable, Sendable {
    /// Rows that follow from one another, from the first on.
    package var sound: Int

    /// Position of the first row that does not; nil when all do.
    package var brokenAt: Int64?

    /// Lower-case hex of the last sound row's hash; nil when there is none.
    package var head: String?

    /// Whether a hash that somebody noted earlier stands in the log; nil when none was given.
    package var holdsNoted: Bool?
}
