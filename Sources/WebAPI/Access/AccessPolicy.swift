package import HTTPTypes

/// From where the server may be asked, beside the rule for what is not public.
package struct AccessPolicy: Sendable {
    /// Pages of these origins may call the API, and report conversations; in lower case.
    package var corsOrigins: Set<String>

    /// Who may say where a request came from.
    package var trustedProxies: TrustedProxies

    /// From where webhooks are taken; from everywhere when empty.
    package var webhookSources: AddressRanges

    /// The address under which others reach the server.
    package var publicURL: String?

    /// Whether nobody may change anything.
    package var isReadOnly: Bool

    package init(
        corsOrigins: [String] = [],
        trustedProxies: [String] = [],
        webhookSources: [String] = [],
        publicURL: String? = nil,
        isReadOnly: Bool = false
    ) {
        self.corsOrigins = Set(corsOrigins.map { $0.lowercased() })
        self.trustedProxies = TrustedProxies(trustedProxies)
        self.webhookSources = AddressRanges(webhookSources)
        self.publicURL = publicURL
        self.isReadOnly = isReadOnly
    }

    /// Where the page that asks came from.
    package enum Asker: Sendable, Equatable {
        /// No browser says so: a program, or a person who typed the address.
        case unknown
        case ownPage
        case allowedPage
        case foreignPage
    }

    /// Where a request with these headers, to this host and port, came from.
    package func asker(_ headers: HTTPFields, authority: String?) -> Asker {
        if let origin = headers[.origin]?.lowercased() {
            if isOwn(origin, authority) { return .ownPage }
            return corsOrigins.contains(origin) ? .allowedPage : .foreignPage
        }
        guard let name = HTTPField.Name("Sec-Fetch-Site"), let site = headers[name] else {
            return .unknown
        }
        return ["same-origin", "none"].contains(site.lowercased()) ? .ownPage : .foreignPage
    }

    private func isOwn(_ origin: String, _ authority: String?) -> Bool {
        if let publicURL, Self.origin(of: publicURL) == origin { return true }
        guard let authority = authority?.lowercased() else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }

    /// Scheme, host and port of an address.
    static func origin(of url: String) -> String {
        let parts = url.lowercased().split(
            separator: "/",
            maxSplits: 3,
            omittingEmptySubsequences: false
        )
        return parts.count < 3 ? url.lowercased() : "\(parts[0])//\(parts[2])"
    }

    /// Whether the browser speaks https, to us or to the proxy before us.
    func isSecure(_ headers: HTTPFields, peer: String?) -> Bool {
        if publicURL?.lowercased().hasPrefix("https:") == true { return true }
        guard let peer, trustedProxies.contains(peer),
            let name = HTTPField.Name("X-Forwarded-Proto")
        else { return false }
        return headers[name]?.lowercased() == "https"
    }
}
