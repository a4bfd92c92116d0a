/// Names one scoring anew.
package struct RescoreID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Nil for what is no id: letters, digits and hyphens, at most 64.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D
        }
        guard isPlain, (1...64).contains(text.utf8.count) else { return nil }
        self.text = text
    }

    package var description: String { text }
}

/// Calls that are to be judged anew by a version.
package struct RescoreOrder: Hashable, Sendable {
    package var version: String

    /// Start of the call, Unix seconds, inclusive.
    package var fromUnix: Int64

    /// Start of the call, exclusive.
    package var toUnix: Int64

    /// Why closed months are changed; nil: they are left alone.
    package var closedReason: String?
    package var person: String

    package init(
        version: String,
        fromUnix: Int64,
        toUnix: Int64,
        closedReason: String? = nil,
        person: String
    ) {
        self.version = version
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.closedReason = closedReason
        self.person = person
    }
}

/// A scoring anew and how far it is.
package struct Rescore: Hashable, Sendable {
    package enum State: String, Sendable, Hashable, CaseIterable {
        case running
        case cancelled
        case done
    }

    package var id: RescoreID
    package var order: RescoreOrder
    package var state: State

    /// Every call up to this one has been looked at; nil before the first.
    package var position: CallID?

    /// Calls beyond came later and are judged by the version in use.
    package var last: CallID

    /// Calls in the range when it began.
    package var calls: Int
    package var tally: RescoreTally
    package var createdMilliseconds: Int64

    /// When the last batch was committed.
    package var changedMilliseconds: Int64
    package var endedMilliseconds: Int64?

    /// What its batches took.
    package var workedMilliseconds: Int64
}

/// What a scoring anew did, or would do.
package struct RescoreTally: Hashable, Sendable {
    package var lookedAt = 0

    /// Calls that become conversions.
    package var added = 0

    /// Calls that stop being conversions.
    package var withdrawn = 0

    /// Conversions that become others: of another type or value.
    package var changed = 0

    /// Calls of closed months, and judged ones whose content is gone: left as they are.
    package var locked = 0

    package init() {}
}

/// What changed for one call.
package struct RescoreChange: Hashable, Sendable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case added
        case withdrawn
        case changed
    }

    package var call: CallID
    package var conversationID: String
    package var kind: Kind
    package var typeBefore: String?
    package var typeAfter: String?
    package var worthBefore: Money?
    package var worthAfter: Money?

    /// Nil when nothing changes that anybody was told of.
    package init?(_ judged: CallToJudge, to after: EffectiveOutcome) {
        let before = judged.call.conversion
        let wasYes = before?.outcome == .yes
        let isYes = after.outcome == .yes
        guard wasYes || isYes else { return nil }
        call = judged.call.id
        conversationID = judged.call.record.identity.conversationID
        typeBefore = wasYes ? before?.type : nil
        typeAfter = after.type
        worthBefore = wasYes ? before?.worth : nil
        worthAfter = after.worth
        if !wasYes {
            kind = .added
        } else if !isYes {
            kind = .withdrawn
        } else if typeBefore != typeAfter || worthBefore != worthAfter {
            kind = .changed
        } else {
            return nil
        }
    }

    init(
        call: CallID,
        conversationID: String,
        kind: Kind,
        typeBefore: String?,
        typeAfter: String?,
        worthBefore: Money?,
        worthAfter: Money?
    ) {
        self.call = call
        self.conversationID = conversationID
        self.kind = kind
        self.typeBefore = typeBefore
        self.typeAfter = typeAfter
        self.worthBefore = worthBefore
        self.worthAfter = worthAfter
    }
}

extension RescoreTally {
    package mutating func add(_ change: RescoreChange?) {
        switch change?.kind {
        case .added?: added += 1
        case .withdrawn?: withdrawn += 1
        case .changed?: changed += 1
        case nil: break
        }
    }
}
