package import HTTPTypes

/// Who may use what is not public.
package enum AccessRule: Sendable {
    /// There is no admin token: only who asks from this machine, for this machine by name, and not
    /// through a proxy.
    ///
    /// The name keeps out web pages that make a foreign name point to the loopback address.
    case loopback

    /// Whoever shows this token as a bearer.
    case token(String)
}

extension AccessRule {
    /// Why a request to something that is not public is refused; nil when it is served.
    package func refusal(authority: String?, headers: HTTPFields) -> APIError? {
        switch self {
        case .loopback:
            guard !Self.isLoopback(authority) || Self.isForwarded(headers) else { return nil }
            return APIError(
                .hostNotAllowed,
                "Without RINGBACK_ADMIN_TOKEN only requests to localhost are answered."
            )
        case .token(let token):
            let given = headers[.authorization].flatMap(Self.bearer) ?? ""
            guard !Self.isEqual(Array(given.utf8), Array(token.utf8)) else { return nil }
            return APIError(.signInNeeded, "Sign in, or send a token as a bearer.")
        }
    }

    /// Whether a Host header, with or without port, is a name of this machine.
    static func isLoopback(_ authority: String?) -> Bool {
        guard var host = authority?.lowercased(), !host.isEmpty else { return false }
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]"), isPort(host[host.index(after: end)...]) else {
                return false
            }
            return host[...end] == "[::1]"
        }
        if let colon = host.firstIndex(of: ":") {
            guard isPort(host[colon...]) else { return false }
            host = String(host[..<colon])
        }
        if host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.first == "127"
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
                    && UInt8(part) != nil
            }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil)
    }

    /// Headers that a proxy adds: what is behind one is not only this machine.
    private static var forwardingHeaders: [String] {
        [
            "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
            "x-forwarded-server", "x-forwarded-port", "x-real-ip", "cf-connecting-ip",
            "true-client-ip", "via",
        ]
    }

    static func isForwarded(_ headers: HTTPFields) -> Bool {
        forwardingHeaders.contains { name in
            HTTPField.Name(name).map { headers.contains($0) } ?? false
        }
    }

    static func bearer(_ text: String) -> String? {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return String(words[1])
    }

    /// Compares without telling by its time where two texts differ.
    static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        guard first.count == second.count, !first.isEmpty else { return false }
        var difference: UInt8 = 0
        for index in first.indices { difference |= first[index] ^ second[index] }
        return difference == 0
    }
}
