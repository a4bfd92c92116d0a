import CallStore
import Foundation
import HTTPTypes
import Hummingbird

/// Finds out who asks, and refuses what they may not have.
struct AccessMiddleware: RouterMiddleware {
    let parts: WebParts
    let sessions: Sessions
    let limiter: RateLimiter

    /// What only administrators may change; what they may read stands with the routes.
    private static let adminPaths = [
        "/api/v1/queues", "/api/v1/dead", "/api/v1/schedules", "/api/v1/backfills",
        "/api/v1/rules", "/api/v1/alerts", "/api/v1/endpoints", "/api/v1/deliveries",
        "/api/v1/agents", "/api/v1/tokens", "/api/v1/rescores", "/api/v1/webhooks",
        "/api/v1/internal-numbers", "/api/v1/retention",
    ]

    @concurrent
    func handle(
        _ request: Request,
        context: WebContext,
        next: @concurrent (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.client = parts.policy.trustedProxies.client(
            peer: context.remoteAddress?.ipAddress,
            headers: request.headers
        )
        let open = PublicRoute(request.method, request.uri.path)
        try limit(open, context.client)
        context.principal = try await principal(of: request, open, context.client)
        // The router passes over empty segments, so that one address would have many names; what
        // somebody may have is found by its one name.
        guard !request.uri.path.contains("//") else {
            throw APIError(.notFound, "There is nothing at this address.")
        }
        let asker = parts.policy.asker(request.headers, authority: request.head.authority)
        if let open {
            try admit(request, to: open, &context, asker)
        } else if let refusal = try refusal(of: request, context.principal, asker) {
            return refusal
        }
        return try await next(request, context)
    }

    private func limit(_ open: PublicRoute?, _ client: String) throws(APIError) {
        let kind: RateLimiter.Kind
        switch open {
        // Webhooks come in bulk from one address, and have a limit of bytes at once.
        case .machine: return
        case .report: kind = .publicChange
        case .session: kind = .signIn
        case .open, nil: kind = .request
        }
        if let seconds = limiter.take(kind, of: client) { throw APIError.tooMany(seconds) }
    }

    // MARK: Who asks

    private func principal(
        of request: Request,
        _ open: PublicRoute?,
        _ client: String
    ) async throws -> Principal {
        guard open != .machine, open != .open else { return .anonymous }
        let local = parts.access.refusal(
            authority: request.head.authority,
            headers: request.headers
        )
        if case .loopback = parts.access {
            if let local {
                guard open != nil else { throw local }
                return .anonymous
            }
            guard let token = request.headers[.authorization].flatMap(AccessRule.bearer) else {
                return .local
            }
            return try await program(token, client)
        }
        if local == nil { return .admin }
        if let token = request.headers[.authorization].flatMap(AccessRule.bearer) {
            return try await program(token, client)
        }
        if let id = Sessions.id(in: request.headers), sessions.isOpen(id) { return .session }
        return .anonymous
    }

    /// Whose token this is; trying tokens out is limited.
    private func program(_ token: String, _ client: String) async throws -> Principal {
        if let found = try await parts.store.apiToken(hash: APIToken.hash(of: token)) {
            return Principal(kind: .token, rights: Rights(found.scope), name: found.name)
        }
        if let seconds = limiter.take(.signIn, of: client) { throw APIError.tooMany(seconds) }
        throw APIError(.signInNeeded, "This token is not known, or was revoked.")
    }

    // MARK: What they may have

    /// Lets a request to a public route through, with no more rights than its page has.
    private func admit(
        _ request: Request,
        to open: PublicRoute,
        _ context: inout WebContext,
        _ asker: AccessPolicy.Asker
    ) throws(APIError) {
        switch open {
        case .machine, .open: return
        case .session:
            guard asker != .foreignPage, asker != .allowedPage else { throw Self.foreign }
        case .report:
            switch asker {
            case .foreignPage: throw Self.foreign
            case .allowedPage: context.principal = .anonymous
            case .ownPage: return
            case .unknown:
                // Not from a browser: as everything else, for those who may write.
                guard context.principal.rights >= .write else {
                    throw APIError(
                        .notAllowed,
                        "Pages report conversations, from an origin of RINGBACK_CORS_ORIGINS; "
                            + "programs send a token with the scope write."
                    )
                }
            }
        }
    }

    /// Why a request to what is not public is refused; nil when it is served.
    private func refusal(
        of request: Request,
        _ principal: Principal,
        _ asker: AccessPolicy.Asker
    ) throws(APIError) -> Response? {
        let isRead = [HTTPRequest.Method.get, .head].contains(request.method)
        let path = request.uri.path
        let isAdmins = Self.adminPaths.contains { path == $0 || path.hasPrefix($0 + "/") }
        let needed: Rights = isRead ? .read : isAdmins ? .admin : .write
        guard principal.rights >= needed else {
            guard principal.kind == .anonymous else {
                throw APIError(.notAllowed, "This token may not do that; it needs \(needed).")
            }
            if isRead, request.headers[.accept]?.contains("text/html") == true {
                let next = request.uri.description.addingPercentEncoding(
                    withAllowedCharacters: .alphanumerics
                )
                return Response(
                    status: .seeOther,
                    headers: [.location: "/sign-in?next=\(next ?? "")"]
                )
            }
            throw APIError(.signInNeeded, "Sign in, or send a token as a bearer.")
        }
        guard !isRead else { return nil }
        guard !parts.policy.isReadOnly else {
            throw APIError(.readOnly, "This server is read-only (RINGBACK_READ_ONLY).")
        }
        guard principal.isAmbient else { return nil }
        switch asker {
        case .ownPage: return nil
        case .foreignPage: throw Self.foreign
        case .allowedPage:
            guard principal.kind == .local else { throw Self.foreign }
        case .unknown:
            // A browser that sends the cookie also says where the page is from.
            guard principal.kind == .local else { throw Self.foreign }
        }
        return nil
    }

    private static let foreign = APIError(
        .originNotAllowed,
        "Pages of this origin may not do that; see RINGBACK_CORS_ORIGINS."
    )
}

extension Rights {
    init(_ scope: APIToken.Scope) {
        switch scope {
        case .read: self = .read
        case .write: self = .write
        case .admin: self = .admin
        }
    }
}
