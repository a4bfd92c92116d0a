package import PhoneNumbers

/// A phone number as received, and what became of it.
package struct PartyNumber: Hashable, Sendable {
    /// What the upstream or a recipients file said; empty when it said nothing.
    package var raw: String

    /// Only of valid numbers.
    package var e164: E164?
    package var phoneExtension: String?

    /// Lower-cased `user@host` of a SIP identity that is no telephone number.
    package var sipUser: String?
    package var kind: NumberClass

    /// Version of the rules and metadata that normalised it.
    package var normaliserVersion: String

    package init(
        raw: String,
        e164: E164?,
        phoneExtension: String? = nil,
        sipUser: String? = nil,
        kind: NumberClass,
        normaliserVersion: String
    ) {
        self.raw = raw
        self.e164 = e164
        self.phoneExtension = phoneExtension
        self.sipUser = sipUser
        self.kind = kind
        self.normaliserVersion = normaliserVersion
    }

    /// Who this is; nil for a number that is withheld or none.
    package var identity: CallerIdentity? {
        e164.map { .number($0) } ?? sipUser.map { .sip($0) }
    }

    /// A reading of the normaliser, with its version.
    package init(_ reading: NumberReading, normaliserVersion: String) {
        self.init(
            raw: reading.raw ?? "",
            e164: reading.e164,
            phoneExtension: reading.phoneExtension,
            sipUser: reading.sipUser,
            kind: reading.kind,
            normaliserVersion: normaliserVersion
        )
    }
}
