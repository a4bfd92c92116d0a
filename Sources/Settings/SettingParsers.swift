import Foundation

/// A value that a setting does not take, and what it would take.
struct Unacceptable: Error {
    /// As the end of "the value is not …".
    let expected: String
}

/// An address that a program listens on.
package struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String

    /// 0 lets the system choose.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}

/// How the texts of settings become values; each throws `Unacceptable`.
enum SettingParsers {
    static func listenAddress(_ text: String) throws(Unacceptable) -> ListenAddress {
        let refusal = Unacceptable(expected: "an address of the form host:port")
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
        else { throw refusal }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw refusal
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
            throw refusal
        }
        return ListenAddress(host: host, port: port)
    }

    /// A whole number in a range.
    static func integer(_ text: String, in range: ClosedRange<Int>) throws(Unacceptable) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw Unacceptable(
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// An `http` or `https` address without a query; one slash at its end does not count.
    static func webURL(_ text: String) throws(Unacceptable) -> String {
        let refusal = Unacceptable(expected: "an address that begins with https:// or http://")
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "https" || scheme == "http", let host = parts.host, !host.isEmpty,
            parts.query == nil, parts.fragment == nil, parts.user == nil
        else { throw refusal }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// An `http` or `https` address that may have a query, to be posted to.
    static func hook(_ text: String) throws(Unacceptable) -> String {
        let parts = text.split(separator: "?", maxSplits: 1).map(String.init)
        _ = try webURL(parts.first ?? "")
        return text
    }

    /// Origins as browsers send them, separated by commas.
    static func origins(_ text: String) throws(Unacceptable) -> [String] {
        var origins: [String] = []
        for item in items(text) {
            let refusal = Unacceptable(
                expected: "a list of origins such as https://example.com, without a path"
            )
            guard let parts = URLComponents(string: item), parts.path.isEmpty,
                parts.scheme == "https" || parts.scheme == "http", parts.host?.isEmpty == false,
                parts.query == nil, parts.user == nil
            else { throw refusal }
            origins.append(item.lowercased())
        }
        return origins
    }

    static func flag(_ text: String) throws(Unacceptable) -> Bool {
        switch text.lowercased() {
        case "true", "1", "yes": return true
        case "false", "0", "no": return false
        default: throw Unacceptable(expected: "true or false")
        }
    }

    /// Addresses or networks (`10.0.0.0/8`), separated by commas.
    static func networks(_ text: String) throws(Unacceptable) -> [String] {
        let networks = items(text)
        for network in networks {
            let parts = network.split(
                separator: "/",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let bits = addressBits(String(parts[0]))
            let isSound =
                parts.count == 1
                ? bits > 0 : bits > 0 && (Int(parts[1]).map { (0...bits).contains($0) } ?? false)
            guard isSound else {
                throw Unacceptable(expected: "a list of IP addresses or networks")
            }
        }
        return networks
    }

    /// Names or addresses of hosts, separated by commas.
    static func hosts(_ text: String) throws(Unacceptable) -> [String] {
        let hosts = items(text).map { $0.lowercased() }
        let isSound = hosts.allSatisfy { host in
            host.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x3A).contains(byte)
                    || [0x2D, 0x2E, 0x5B, 0x5D].contains(byte)
            }
        }
        guard isSound else { throw Unacceptable(expected: "a list of host names or addresses") }
        return hosts
    }

    /// Mail addresses, separated by commas: nothing that a mail's head could be broken with.
    static func mailAddresses(_ text: String) throws(Unacceptable) -> [String] {
        let addresses = items(text)
        let isSound = addresses.allSatisfy { address in
            let parts = address.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && address.utf8.count <= 254
                && address.utf8.allSatisfy {
                    $0 > 0x20 && $0 < 0x7F && !"<>()\",;:\\".utf8.contains($0)
                }
        }
        guard isSound else { throw Unacceptable(expected: "a list of mail addresses") }
        return addresses
    }

    /// `smtp` or `smtps` with a host; its password makes it a secret.
    static func mailServer(_ text: String) throws(Unacceptable) -> Secret {
        guard let parts = URLComponents(string: text),
            ["smtp", "smtps"].contains(parts.scheme ?? ""),
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil
        else { throw Unacceptable(expected: "an address that begins with smtps:// or smtp://") }
        return Secret(text)
    }

    private static func addressBits(_ text: String) -> Int {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return 32 }
        return inet_pton(AF_INET6, text, &six) == 1 ? 128 : 0
    }

    private static func items(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }

    /// A short name on one line.
    static func environment(_ text: String) throws(Unacceptable) -> String {
        guard (1...24).contains(text.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw Unacceptable(expected: "a name of at most 24 characters on one line") }
        return text
    }

    static func region(_ text: String) throws(Unacceptable) -> String {
        let region = text.uppercased()
        guard region.utf8.count == 2, region.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
            throw Unacceptable(expected: "a country code of two letters")
        }
        return region
    }

    static func timeZone(_ text: String) throws(Unacceptable) -> TimeZone {
        guard let zone = TimeZone(identifier: text) else {
            throw Unacceptable(expected: "a time zone such as Europe/Berlin or UTC")
        }
        return zone
    }

    /// A text long enough to be guessed by nobody.
    static func secret(_ text: String, bytesMin: Int) throws(Unacceptable) -> Secret {
        guard text.utf8.count >= bytesMin else {
            throw Unacceptable(expected: "a secret of at least \(bytesMin) characters")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Unacceptable(expected: "a secret on one line, without control characters")
        }
        return Secret(text)
    }

    static func url(ofRedis text: String) throws(Unacceptable) -> RedisLocation {
        let refusal = Unacceptable(
            expected: "an address that begins with redis://, rediss:// or unix://"
        )
        guard let parts = URLComponents(string: text) else { throw refusal }
        switch parts.scheme?.lowercased() {
        case "redis", "rediss":
            guard parts.host?.isEmpty == false, (1...65_535).contains(parts.port ?? 6379) else {
                throw refusal
            }
            let database = parts.path.drop { $0 == "/" }
            guard database.isEmpty || Int(database).map({ (0...15_999).contains($0) }) == true
            else {
                throw Unacceptable(expected: "an address whose path is a database's number")
            }
        case "unix":
            guard parts.path.hasPrefix("/"), parts.path.count > 1 else {
                throw Unacceptable(expected: "unix:// and the absolute path of a socket")
            }
        default: throw refusal
        }
        return .url(Secret(text))
    }
}

extension Duration {
    /// A duration as people write it: `90s`, `5m`, `24h`, `7d`, `2w`, or several such parts.
    ///
    /// Nil when the text is none, negative or longer than a century.
    package init?(settingText text: String) {
        var seconds = 0
        var digits = ""
        var hasPart = false
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let unit = Self.unitSeconds[character], let count = Int(digits),
                count <= Self.settingSecondsMax
            else { return nil }
            digits = ""
            hasPart = true
            let (product, overflow) = count.multipliedReportingOverflow(by: unit)
            guard !overflow, product <= Self.settingSecondsMax - seconds else { return nil }
            seconds += product
        }
        guard hasPart, digits.isEmpty else { return nil }
        self = .seconds(seconds)
    }

    private static let unitSeconds: [Character: Int] = [
        "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800,
    ]

    private static let settingSecondsMax = 100 * 366 * 86_400
}
