/// A SIP, SIPS or client address, taken apart as far as a number may hide in it.
///
/// Accepts the forms that trunks pass on: with and without a display name and angle brackets, with
/// port, parameters and headers, and `user@host` without a scheme.
struct SIPAddress {
    /// The part before the `@`, percent-decoded, without its parameters and password.
    let user: String

    /// Lower case, without port; empty when there is none.
    let host: String

    /// Whether the address says `user=phone`: the user part is a telephone number.
    let isPhoneUser: Bool

    /// Whether it was a client identity (`client:alice`) and no SIP address.
    private let isClient: Bool

    /// Nil when the text is no such address.
    init?(_ text: String) {
        var body = text[...]
        if let open = text.lastIndex(of: "<"), let close = text[open...].firstIndex(of: ">") {
            body = text[text.index(after: open)..<close]
        }
        let scheme = body.prefix { $0 != ":" }.lowercased()
        if ["sip", "sips", "client"].contains(scheme), scheme.count < body.count {
            body = body.dropFirst(scheme.count + 1)
        } else if !body.contains("@") {
            return nil
        }
        isClient = scheme == "client"
        // Headers end an address; the user part may hold an escaped question mark only.
        body = body.prefix { $0 != "?" }
        guard let at = body.lastIndex(of: "@") else {
            let parts = body.split(separator: ";", omittingEmptySubsequences: false)
            // Without an @ a SIP address has a host alone, a client identity a user alone.
            let name = parts.first.map(String.init) ?? ""
            user = isClient ? Self.decoded(name) : ""
            host = isClient ? "" : Self.host(name)
            isPhoneUser = false
            return
        }
        user = Self.user(String(body[..<at]))
        let rest = body[body.index(after: at)...]
            .split(separator: ";", omittingEmptySubsequences: false)
        host = Self.host(rest.first.map(String.init) ?? "")
        let userParameters = body[..<at].split(separator: ";").dropFirst()
        isPhoneUser = (rest.dropFirst() + userParameters)
            .contains { $0.lowercased() == "user=phone" }
    }

    /// A plus and digits, with the visual separators of RFC 3966 between them.
    var isGlobalNumber: Bool {
        user.first == "+" && user.dropFirst().contains(where: \.isASCIIDigit)
            && user.dropFirst().allSatisfy { $0.isASCIIDigit || "-.()".contains($0) }
    }

    /// Digits alone, with visual separators.
    var isDigits: Bool {
        user.contains(where: \.isASCIIDigit)
            && user.allSatisfy { $0.isASCIIDigit || "-.()".contains($0) }
    }

    /// What identifies the user: lower-cased `user@host`, compared exactly.
    var key: String {
        isClient ? "client:\(user.lowercased())" : "\(user.lowercased())@\(host)"
    }

    private static func user(_ text: String) -> String {
        let name = text.prefix { $0 != ";" && $0 != ":" }
        return decoded(String(name))
    }

    private static func host(_ text: String) -> String {
        // An IPv6 host stands in brackets and has colons of its own.
        if text.first == "[", let close = text.firstIndex(of: "]") {
            return text[...close].lowercased()
        }
        return text.prefix { $0 != ":" }.lowercased()
    }

    /// The text with `%2B` and the like decoded; as it is when an escape is malformed.
    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return text }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self) ?? text
    }
}

extension Character {
    /// One of 0 to 9.
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) && isASCII }
}
