import Foundation
package import HTTPClient

/// An address that somebody wants to be told at.
package struct OutgoingAddress: Hashable, Sendable {
    /// Bytes of an address.
    package static let bytesMax = 2_000

    package let text: String
    private let host: String

    /// Nil for what is no absolute `http` or `https` address without a user.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let parts = URLComponents(string: text), let scheme = parts.scheme,
            ["http", "https"].contains(scheme), text.hasPrefix("\(scheme)://"),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil,
            parts.fragment == nil
        else { return nil }
        self.text = text
        self.host = host.lowercased()
    }

    /// Which networks a request there may lead into.
    ///
    /// - Parameter names: Hosts that may be private, as the operator named them.
    /// - Returns: `publicOnly` unless this host is one of them.
    package func reach(allowing names: Set<String>) -> HTTPReach {
        names.contains(host) ? .anywhere : .publicOnly
    }
}
