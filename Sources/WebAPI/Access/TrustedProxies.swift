package import HTTPTypes

/// The proxies whose word on where a request came from is taken.
package struct TrustedProxies: Sendable {
    /// Most hops that are looked at.
    private static let hopsMax = 20

    private let ranges: AddressRanges

    /// - Parameter texts: Addresses or networks, checked already; others are left out.
    package init(_ texts: [String]) {
        ranges = AddressRanges(texts)
    }

    package func contains(_ address: String) -> Bool { ranges.contains(address) }

    /// The address of whoever asks: the last one in the chain that no trusted proxy stands for.
    ///
    /// - Parameters:
    ///   - peer: The other end of the connection.
    ///   - headers: Of the request; believed only as far as trusted proxies wrote them.
    /// - Returns: An address, or "unknown".
    package func client(peer: String?, headers: HTTPFields) -> String {
        guard let peer else { return "unknown" }
        guard contains(peer), let name = HTTPField.Name("X-Forwarded-For") else { return peer }
        let chain = headers[values: name].joined(separator: ",").split(separator: ",")
            .map { $0.filter { !$0.isWhitespace } }
        var client = peer
        for hop in chain.reversed().prefix(Self.hopsMax) {
            guard AddressRanges.bytes(of: hop) != nil else { return client }
            client = hop
            guard contains(hop) else { return client }
        }
        return client
    }

    /// What stands for a client where clients are counted: an IPv6 customer has a whole /64.
    static func group(of client: String) -> String {
        guard let bytes = AddressRanges.bytes(of: client), bytes.count == 16 else { return client }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
    }
}
