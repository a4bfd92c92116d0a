/// Through which proxy requests go, by the scheme of their URL.
///
/// A proxy's URL may hold a password, so it is shown to nobody.
package struct HTTPProxy: Sendable, Equatable {
    /// For `http` URLs; nil for a direct connection.
    package var http: String?

    /// For `https` URLs, through `CONNECT`; nil for a direct connection.
    package var https: String?

    /// Names, domains and networks that are reached directly, separated by commas; `*` is all.
    package var exceptions: String

    package init(http: String? = nil, https: String? = nil, exceptions: String = "") {
        self.http = http
        self.https = https
        self.exceptions = exceptions
    }

    /// No proxy at all.
    package static let direct = Self()

    /// The proxy that environment variables name, by curl's rules.
    ///
    /// `http_proxy` counts in lower case only: a CGI server would let a client set the other one.
    /// Read once, since reading the environment while somebody changes it is not safe.
    package init(environment: [String: String]) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let all = value("all_proxy", "ALL_PROXY")
        self.init(
            http: value("http_proxy") ?? all,
            https: value("https_proxy", "HTTPS_PROXY") ?? all,
            exceptions: value("no_proxy", "NO_PROXY") ?? ""
        )
    }

    /// The proxy for one URL; nil for none.
    func proxy(for url: String) -> String? {
        url.hasPrefix("https:") ? https : http
    }
}
