package import Hummingbird
package import NIOCore

/// What is known of a request besides its bytes.
package struct WebContext: RequestContext, RemoteAddressRequestContext {
    package var coreContext: CoreRequestContextStorage

    /// The other end of the connection; nil in a test without one.
    package let remoteAddress: SocketAddress?

    /// Who asks; set before any route sees the request.
    package var principal = Principal.anonymous

    /// The address of whoever asks, behind proxies that are believed.
    package var client = "unknown"

    package init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}

/// Routes that belong together.
protocol RouteGroup: Sendable {
    func add(to router: Router<WebContext>)
}
