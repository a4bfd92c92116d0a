import Ambient
import CallStore
import Foundation
package import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
package import ServiceLifecycle
package import Telemetry

/// Why the server does not come up.
package enum WebServerError: Error, Sendable, Equatable {
    /// The address is taken, or not of this machine.
    case cannotListen(address: String, reason: String)
}

/// Ringback's HTTP server.
package struct WebServer: Sendable {
    /// What each metric that is counted here means, for the registry.
    package static var metricHelps: [String: String] { WebhookRoute.helps }

    private let parts: WebParts
    private let sender: OutboxSender
    private let sessions: Sessions
    private let limiter: RateLimiter
    private let live: LivePulse

    package init(_ parts: WebParts) {
        let sender = OutboxSender(relay: parts.relay)
        var parts = parts
        parts.store = parts.store.telling { sender.send($0) }
        self.parts = parts
        self.sender = sender
        sessions = Sessions(ambient: parts.ambient)
        limiter = RateLimiter(elapsed: parts.ambient.elapsed)
        live = LivePulse(parts: parts)
    }

    /// Serves until it is asked to end, then lets requests end and sends what it owes.
    ///
    /// - Parameters:
    ///   - host: The address to listen on.
    ///   - port: The port; 0 lets the system choose.
    ///   - stop: Returns when the server is to end.
    ///   - listening: Told the port once connections are taken.
    /// - Throws: `WebServerError.cannotListen`.
    package func run(
        host: String,
        port: Int,
        until stop: @escaping @Sendable () async -> Void,
        listening: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let address = "\(host):\(port)"
        let application = Application(
            router: router(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: .seconds(WebLimits.idleSeconds)
                )
            ),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { listening($0.localAddress?.port ?? port) },
            logger: parts.logger
        )
        // In this order, since services end in the opposite one: the sender after its senders,
        // and live events, which would never end by themselves, before the server.
        var configuration = ServiceGroupConfiguration(
            services: [sender, application, live],
            logger: parts.logger
        )
        configuration.maximumGracefulShutdownDuration = WebLimits.shutdownMax
        let services = ServiceGroup(configuration: configuration)
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await services.run()
                    return true
                }
                group.addTask {
                    await stop()
                    await services.triggerGracefulShutdown()
                    return false
                }
                // The services end last, unless they fail, and then nobody has to ask them to.
                while let areServicesDone = try await group.next() {
                    if areServicesDone { group.cancelAll() }
                }
            }
        } catch let error as IOError {
            throw WebServerError.cannotListen(address: address, reason: Self.reason(error))
        } catch is SocketAddressError {
            throw WebServerError.cannotListen(address: address, reason: "no such host")
        }
    }

    private static func reason(_ error: IOError) -> String {
        switch error.errnoCode {
        case EADDRINUSE: "already in use"
        case EADDRNOTAVAIL: "not an address of this machine"
        case EACCES: "not allowed for this user"
        default: "error \(error.errnoCode) of the system"
        }
    }

    /// The routes, for a server or a test without one.
    package func router() -> Router<WebContext> {
        let router = Router(context: WebContext.self)
        router.add(middleware: TraceMiddleware(ambient: parts.ambient))
        router.add(middleware: CORSMiddleware(origins: parts.policy.corsOrigins))
        router.add(middleware: AnswerMiddleware())
        router.add(middleware: SheddingMiddleware())
        router.add(
            middleware: AccessMiddleware(parts: parts, sessions: sessions, limiter: limiter)
        )
        for group in groups { group.add(to: router) }
        return router
    }

    private var groups: [any RouteGroup] {
        var groups: [any RouteGroup] = [
            WebhookRoute(parts: parts),
            ProbeRoutes(parts: parts),
            SessionRoutes(parts: parts, sessions: sessions),
            APIRoutes(parts: parts, live: live),
            TouchRoutes(parts: parts),
            PublicFileRoutes(files: parts.site.files),
        ]
        if let files = parts.files {
            groups.append(AssetRoutes(files: files))
            groups.append(ViewLinkRoute(parts: parts))
            groups.append(PageRoutes(parts: parts, files: files, live: live))
        }
        return groups
    }

    /// What `/healthz` goes by.
    package func health() async -> HealthReport {
        await HealthRoute(parts: parts).report()
    }

    /// What `/metrics` answers, in Prometheus' text format.
    package func metricsText() async -> String {
        await MetricsRoute(parts: parts, health: HealthRoute(parts: parts)).text()
    }

    /// What the server owes its queues, to be run beside a router in a test.
    package var background: any Service { sender }
}
