import CallStore
import HTTPTypes

/// What is served to whoever asks.
enum PublicRoute: Sendable, Equatable {
    /// Post-call webhooks and probes: they prove themselves, or show nothing.
    case machine

    /// Pages' files and redirects: nothing of ours is in them.
    case open

    /// What a customer's page reports.
    case report
    case session

    init?(_ method: HTTPRequest.Method, _ path: String) {
        switch path {
        case WebhookRoute.path, HealthRoute.path: self = .machine
        case "/sign-in", "/favicon.ico", "/robots.txt":
            guard method == .get || method == .head else { return nil }
            self = .open
        // A page view holds nothing but a token, and comes from whatever page it is.
        case TouchRoutes.beaconPath, TouchRoutes.pixelPath: self = .open
        case SessionRoutes.path, "/session/end": self = .session
        case ConversationRoutes.listPath where method == .post: self = .report
        default:
            let isRead = method == .get || method == .head
            if isRead, Self.isFile(path) || Self.isScan(path) {
                self = .open
            } else if method == .put, Self.isConversation(path) {
                self = .report
            } else {
                return nil
            }
        }
    }

    /// One segment after `/t/`, and nothing that a router could read as another path.
    private static func isScan(_ path: String) -> Bool {
        guard path.hasPrefix(TokenTarget.scanFolder) else { return false }
        let token = path.dropFirst(TokenTarget.scanFolder.count)
        return !token.isEmpty && !token.contains("/") && token != "." && token != ".."
    }

    private static func isFile(_ path: String) -> Bool {
        PublicFiles.paths.contains(path) || path.hasPrefix("/assets/")
    }

    private static func isConversation(_ path: String) -> Bool {
        let prefix = ConversationRoutes.listPath + "/"
        guard path.hasPrefix(prefix) else { return false }
        let id = path.dropFirst(prefix.count)
        return !id.isEmpty && !id.contains("/")
    }
}
