/// Why a text is no address of a Redis server; never holds a password.
package enum RedisURLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not `redis://`, `rediss://` or `unix://`.
    case unknownScheme

    case hostMissing

    /// Not a number from 1 to 65535.
    case malformedPort(String)

    /// Not a number of 0 or more.
    case malformedDatabase(String)

    /// A `%` without two hex digits, or bytes that are no UTF-8.
    case malformedEscape

    /// A user without a password.
    case passwordMissing

    /// `unix://` needs an absolute path.
    case pathMissing

    /// A socket's path has 107 bytes at most.
    case pathTooLong(bytes: Int)

    /// A parameter after `?` that nobody knows, or that the scheme does not have.
    case unknownParameter(String)

    package var description: String {
        switch self {
        case .unknownScheme: "the address must begin with redis://, rediss:// or unix://"
        case .hostMissing: "the address names no host"
        case .malformedPort(let text): "\"\(text)\" is no port (1 to 65535)"
        case .malformedDatabase(let text): "\"\(text)\" is no database number (0 or more)"
        case .malformedEscape: "a % must be followed by two hex digits (write % itself as %25)"
        case .passwordMissing: "the address has a user but no password"
        case .pathMissing: "unix:// must be followed by an absolute path, as in unix:///run/redis"
        case .pathTooLong(let bytes):
            "the socket's path has \(bytes) bytes, more than the 107 that the system allows"
        case .unknownParameter(let name): "\"\(name)\" is no parameter of this kind of address"
        }
    }
}

extension RedisConfiguration {
    /// Longest path of a Unix socket: `sun_path` of unix(7) less its final zero.
    package static let socketPathBytesMax = 107

    /// Reads an address such as `redis://user:password@host:6379/2`.
    ///
    /// Forms: `redis://[[user]:password@]host[:port][/db]`, the same with `rediss` (TLS), which
    /// also takes `?ca=/path/to/authorities.pem&name=server-name`, and
    /// `unix://[[user]:password@]/path[?db=n]`. User, password, path and parameters may be
    /// percent-encoded.
    package init(url: String) throws(RedisURLError) {
        guard let mark = url.firstRange(of: "://") else { throw .unknownScheme }
        let rest = url[mark.upperBound...]
        switch url[..<mark.lowerBound].lowercased() {
        case "redis": try self.init(network: rest, isEncrypted: false)
        case "rediss": try self.init(network: rest, isEncrypted: true)
        case "unix": try self.init(unix: rest)
        default: throw .unknownScheme
        }
    }

    private init(network text: Substring, isEncrypted: Bool) throws(RedisURLError) {
        let (whole, parameters) = try Self.splitQuery(text)
        // The last @ before the path ends the credentials: a password may hold a plain one.
        let authorityEnd = whole.firstIndex(of: "/") ?? whole.endIndex
        let mark = whole[..<authorityEnd].lastIndex(of: "@")
        let authority = whole[(mark.map(whole.index(after:)) ?? whole.startIndex)..<authorityEnd]
        let (host, port) = try Self.hostAndPort(authority)
        self.init(address: .tcp(host: host, port: port))
        if let mark { try readCredentials(whole[..<mark]) }
        let path = whole[authorityEnd...].drop { $0 == "/" }
        if !path.isEmpty { database = try Self.databaseNumber(path) }
        if isEncrypted { tls = TLS() }
        for (name, value) in parameters {
            switch name {
            case "db": database = try Self.databaseNumber(value[...])
            case "ca" where isEncrypted: tls?.authorityFile = value
            case "name" where isEncrypted: tls?.serverName = value
            default: throw .unknownParameter(name)
            }
        }
    }

    private init(unix text: Substring) throws(RedisURLError) {
        let (whole, parameters) = try Self.splitQuery(text)
        guard let pathStart = whole.firstIndex(of: "/") else { throw .pathMissing }
        let path = try Self.decode(whole[pathStart...])
        guard path.count > 1 else { throw .pathMissing }
        guard path.utf8.count <= Self.socketPathBytesMax else {
            throw .pathTooLong(bytes: path.utf8.count)
        }
        self.init(address: .unix(path: path))
        let authority = whole[..<pathStart]
        if !authority.isEmpty {
            guard authority.last == "@" else { throw .pathMissing }
            try readCredentials(authority.dropLast())
        }
        for (name, value) in parameters {
            guard name == "db" else { throw .unknownParameter(name) }
            database = try Self.databaseNumber(value[...])
        }
    }

    private mutating func readCredentials(_ text: Substring) throws(RedisURLError) {
        guard let colon = text.firstIndex(of: ":") else { throw .passwordMissing }
        let name = try Self.decode(text[..<colon])
        let secret = try Self.decode(text[text.index(after: colon)...])
        guard !secret.isEmpty else { throw .passwordMissing }
        user = name.isEmpty ? nil : name
        password = secret
    }

    private static func hostAndPort(
        _ authority: Substring
    ) throws(RedisURLError) -> (host: String, port: Int) {
        var host = authority
        var portText: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw .hostMissing }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw .malformedPort(String(rest)) }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw .hostMissing }
        guard let portText else { return (String(host), 6379) }
        guard let port = number(portText), (1...65_535).contains(port) else {
            throw .malformedPort(String(portText))
        }
        return (String(host), port)
    }

    private static func splitQuery(
        _ text: Substring
    ) throws(RedisURLError) -> (Substring, [(name: String, value: String)]) {
        // A password may hold a plain ?, so only one after the credentials begins the parameters.
        let from = text.lastIndex(of: "@") ?? text.startIndex
        guard let mark = text[from...].firstIndex(of: "?") else { return (text, []) }
        var parameters: [(name: String, value: String)] = []
        for part in text[text.index(after: mark)...].split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw .unknownParameter(String(part)) }
            parameters.append((try decode(sides[0]), try decode(sides[1])))
        }
        return (text[..<mark], parameters)
    }

    private static func databaseNumber(_ text: Substring) throws(RedisURLError) -> Int {
        guard let number = number(text) else { throw .malformedDatabase(String(text)) }
        return number
    }

    /// A number of plain digits: no sign, no space.
    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func decode(_ text: Substring) throws(RedisURLError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard
                let high = rest.popFirst().flatMap(hexDigit),
                let low = rest.popFirst().flatMap(hexDigit)
            else { throw .malformedEscape }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw .malformedEscape
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
