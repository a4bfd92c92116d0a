import GRDB
import PhoneNumbers

/// Decides what a reading changes in a call that the store has.
///
/// A pure function of the two states: nothing known is ever forgotten, and an older reading only
/// fills gaps. Content that the upstream has emptied is such a gap, so that it does not matter in
/// which order two readings come.
struct CallMerge {
    /// What a value of the reading meets in the store.
    static func value(
        stored: DatabaseValue,
        read: DatabaseValue,
        isContent: Bool,
        isOlder: Bool,
        isDeletedUpstream: Bool
    ) -> DatabaseValue {
        if read.isNull { return stored }
        if stored.isNull { return read }
        if isOlder { return isContent && isEmpty(stored) ? read : stored }
        if isContent, isEmpty(read) || isDeletedUpstream, !isEmpty(stored) { return stored }
        return read
    }

    /// Whether the reading's turns take the place of the stored ones.
    static func replacesTranscript(
        stored: [Turn],
        read: [Turn]?,
        isOlder: Bool,
        isDeletedUpstream: Bool
    ) -> Bool {
        guard let read, read != stored else { return false }
        if stored.isEmpty { return true }
        if isOlder || isDeletedUpstream { return false }
        return read.contains(where: \.hasWords) || !stored.contains(where: \.hasWords)
    }

    /// What is computed from the turns goes with them: with those of the reading when they take the
    /// place of the stored ones, or are the very same.
    static func valueOfTurns(
        stored: DatabaseValue,
        read: DatabaseValue,
        replacesTurns: Bool,
        isOfStored: Bool
    ) -> DatabaseValue {
        replacesTurns || (stored.isNull && isOfStored) ? read : stored
    }

    /// Which of two numbers of the other party stays.
    static func number(
        stored: PartyNumber?,
        read: PartyNumber?,
        isOlder: Bool
    ) -> PartyNumber? {
        guard let read else { return stored }
        guard let stored else { return read }
        if isOlder { return stored.kind == .none ? read : stored }
        // A reading whose number was deleted says nothing about who called.
        return read.kind == .none && stored.kind != .none ? stored : read
    }

    /// Whether content says nothing: no text, or no members.
    private static func isEmpty(_ value: DatabaseValue) -> Bool {
        switch String.fromDatabaseValue(value) {
        case "", "[]", "{}": true
        default: false
        }
    }
}
