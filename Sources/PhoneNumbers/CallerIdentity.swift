/// By what a caller is known: everything of one caller is found by it, shown, and erased.
package enum CallerIdentity: Hashable, Sendable {
    case number(E164)

    /// Lower-cased `user@host`, or `client:user`, of a caller without a number; compared exactly.
    case sip(String)

    /// As the store keeps it: a number in E.164, or the address.
    package var text: String {
        switch self {
        case .number(let number): number.text
        case .sip(let address): address
        }
    }

    /// Takes a text as it was stored; nil when it is neither.
    package init?(stored text: String) {
        if let number = E164(stored: text) {
            self = .number(number)
        } else if text.contains("@") || text.hasPrefix("client:") {
            self = .sip(text)
        } else {
            return nil
        }
    }

    package init?(_ reading: NumberReading) {
        if let number = reading.e164 {
            self = .number(number)
        } else if let address = reading.sipUser {
            self = .sip(address)
        } else {
            return nil
        }
    }

    package var masked: String {
        switch self {
        case .number(let number): PhoneMask.masked(number.text)
        case .sip(let address): PhoneMask.masked(address)
        }
    }
}

/// Finds one caller in bytes, in any spelling.
package enum CallerSpellings: Sendable {
    case number(NumberSpellings)
    case sip(SIPSpellings)

    package init(_ caller: CallerIdentity) {
        switch caller {
        case .number(let number): self = .number(NumberSpellings(number))
        case .sip(let address): self = .sip(SIPSpellings(address))
        }
    }

    package func occur(in bytes: some Collection<UInt8>) -> Bool {
        switch self {
        case .number(let spellings): spellings.occur(in: bytes)
        case .sip(let spellings): spellings.occur(in: bytes)
        }
    }

    /// Bytes that two neighbouring pieces of a text must share, so that none is missed between.
    package var overlap: Int {
        switch self {
        case .number(let spellings): spellings.overlap
        case .sip(let spellings): spellings.overlap
        }
    }
}
