/// Why a text is no identifier.
package enum IdentifierError: Error, Equatable, Sendable {
    /// Empty, longer than `lengthMax` bytes, or with a byte outside the allowed set.
    case malformed(kind: String)
}

/// The rule that all identifiers of the queue obey.
///
/// They stand in Redis keys and in the envelope's prefix, so they must hold neither its separator
/// nor a brace, a space or a control character.
package enum Identifier {
    /// Longest identifier, in bytes.
    package static let lengthMax = 200

    /// Whether every byte is a printable ASCII character other than space, `|`, `{`, `}`.
    package static func isWellFormed(_ text: String) -> Bool {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= lengthMax else { return false }
        return bytes.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != 0x7C && byte != 0x7B && byte != 0x7D
        }
    }
}

/// Names one job, through all its attempts.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "job id") }
        self.text = text
    }

    package var description: String { text }
}

/// Names one queue, such as `sync`; also the hash tag of its keys.
package struct QueueName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "queue name") }
        self.text = text
    }

    package var description: String { text }
}

/// Names one worker process for as long as it lives.
package struct WorkerID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "worker id") }
        self.text = text
    }

    package var description: String { text }
}

/// Names one fetched batch: the worker that chose the name, and a number that it only raises.
package struct BatchID: Hashable, Sendable {
    package let worker: WorkerID
    package let number: Int

    package init(worker: WorkerID, number: Int) {
        self.worker = worker
        self.number = number
    }
}

/// At most one job that holds this key waits or runs at a time.
///
/// A key that begins with `untilStartPrefix` is given up when its job is fetched first: then at
/// most one job with it waits, besides what runs.
package struct UniqueKey: Hashable, Sendable, CustomStringConvertible {
    package static let untilStartPrefix = "start:"

    package var isHeldUntilStart: Bool { text.hasPrefix(Self.untilStartPrefix) }

    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "unique key") }
        self.text = text
    }

    package var description: String { text }
}

/// Names what jobs share a limit of: an upstream (`upstream:elevenlabs`), an agent, an account.
package struct LimitKey: Hashable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "limit key") }
        self.text = text
    }

    package var description: String { text }
}

/// Names one call of `enqueue`, so that its repeat after a lost reply pushes nothing.
package struct EnqueueCallID: Hashable, Sendable {
    package let text: String

    /// - Throws: `IdentifierError.malformed` when the text breaks `Identifier`'s rule.
    package init(_ text: String) throws(IdentifierError) {
        guard Identifier.isWellFormed(text) else { throw .malformed(kind: "call id") }
        self.text = text
    }
}
