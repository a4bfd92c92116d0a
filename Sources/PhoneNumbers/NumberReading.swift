/// What kind of thing stands where a phone number is expected.
package enum NumberClass: String, Sendable, Codable, CaseIterable {
    /// A valid number; the only class that becomes a caller key.
    case e164

    /// The caller hid the number, or the network did.
    case withheld

    /// A SIP or client identity that is no telephone number.
    case sipUser = "sip-user"

    /// Digits too few for a public number: an extension, a short code.
    case short

    /// Something that should have been a number and is none.
    case invalid

    /// There is no number at all: a conversation without a phone leg.
    case none
}

/// A phone number in E.164 form that the library holds for valid.
package struct E164: Hashable, Sendable, CustomStringConvertible {
    /// A plus and 2 to 20 digits.
    package let text: String

    /// Takes a text in canonical form as it was stored; nil when it is none.
    ///
    /// Checks the form only: whether a number is valid changes with the library's metadata.
    package init?(stored text: String) {
        let digits = text.utf8.dropFirst()
        guard text.utf8.first == UInt8(ascii: "+"), (2...20).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}

/// What the normaliser makes of one text.
package struct NumberReading: Sendable, Equatable {
    package var kind: NumberClass

    /// The text as it was received; nil when there was none.
    package var raw: String?

    /// The number; present exactly when the class is `e164`.
    package var e164: E164?

    /// Digits of the extension, when one was given with a valid number.
    package var phoneExtension: String?

    /// Lower-cased `user@host`; present exactly when the class is `sip-user`.
    package var sipUser: String?

    /// The two-letter region of a valid number, such as `GB`; nil for a non-geographic one.
    package var region: String?

    package init(
        kind: NumberClass,
        raw: String?,
        e164: E164? = nil,
        phoneExtension: String? = nil,
        sipUser: String? = nil,
        region: String? = nil
    ) {
        self.kind = kind
        self.raw = raw
        self.e164 = e164
        self.phoneExtension = phoneExtension
        self.sipUser = sipUser
        self.region = region
    }
}
