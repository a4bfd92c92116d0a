package import Foundation
package import PhoneNumbers

/// The secrets of caller keys: the one in force, and those before it that rows may still carry.
package struct PhoneKeyRing: Sendable {
    /// What new caller keys are made with.
    package let current: PhoneKey

    /// Earlier secrets, the newest first; empty when no rotation is under way.
    package let previous: [PhoneKey]

    package init(_ current: PhoneKey, previous: [PhoneKey] = []) {
        self.current = current
        self.previous = previous
    }

    /// Every caller key that a caller may stand under, the one in force first.
    package func callerKeys(of caller: CallerIdentity) -> [Data] {
        ([current] + previous).map { $0.callerKey(of: caller) }
    }
}

/// How a store treats what it is not to keep.
package struct StorePrivacy: Sendable {
    /// What becomes of a new call of somebody who was erased.
    package enum SuppressedCalls: String, Sendable, CaseIterable {
        /// It is counted and has no content.
        case counted

        /// It is kept like any other: the person has come back.
        case kept
    }

    /// The secrets in force, asked for at the start of each transaction; nil without any.
    package var ring: @Sendable () -> PhoneKeyRing?

    /// What is taken out of transcripts before they are stored.
    package var redaction: Redaction
    package var suppressedCalls: SuppressedCalls

    package init(
        redaction: Redaction = .none,
        suppressedCalls: SuppressedCalls = .counted,
        ring: @escaping @Sendable () -> PhoneKeyRing?
    ) {
        self.redaction = redaction
        self.suppressedCalls = suppressedCalls
        self.ring = ring
    }
}
