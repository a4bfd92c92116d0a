import Ambient
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Reports

/// Signing in with the admin token, and out.
///
/// A page's script sends JSON and gets JSON; a plain form is sent on to the page that it names.
struct SessionRoutes: RouteGroup {
    static let path = "/session"

    let parts: WebParts
    let sessions: Sessions

    func add(to router: Router<WebContext>) {
        router.post(RouterPath(Self.path)) { request, context in
            try await signIn(request, context)
        }
        router.delete(RouterPath(Self.path)) { request, context in signOut(request, context) }
        // A form knows no DELETE.
        router.post("/session/end") { request, context in
            var response = signOut(request, context)
            response.status = .seeOther
            response.headers[.location] = "/sign-in"
            return response
        }
        for method in [HTTPRequest.Method.get, .put, .patch, .head] {
            router.on(RouterPath(Self.path), method: method) { _, _ -> Response in
                throw APIError(.methodNotAllowed, "Sign in with POST, out with DELETE.")
                    .allowing([.post, .delete])
            }
        }
    }

    private struct Form {
        var token = ""

        /// Where to go on; nil for a script, which gets JSON.
        var next: String?
    }

    private func signIn(_ request: Request, _ context: WebContext) async throws -> Response {
        let form = try await form(of: request)
        guard case .token(let token) = parts.access else {
            throw APIError(
                .notFound,
                "There is nothing to sign in to: without RINGBACK_ADMIN_TOKEN this machine is "
                    + "served without it."
            )
        }
        guard AccessRule.isEqual(Array(form.token.utf8), Array(token.utf8)) else {
            parts.logger.notice("A sign-in was refused", metadata: ["client": "\(context.client)"])
            if form.next != nil { return Self.redirect(to: "/sign-in?failed=1") }
            throw APIError(.signInNeeded, "This is not the admin token.")
        }
        let id = sessions.begin()
        var response =
            form.next.map { Self.redirect(to: Self.local($0)) }
            ?? .json(.fields(("signedIn", .bool(true))))
        response.headers[.setCookie] = Sessions.header(id, isSecure: isSecure(request, context))
        return response
    }

    private func signOut(_ request: Request, _ context: WebContext) -> Response {
        if let id = Sessions.id(in: request.headers) { sessions.end(id) }
        var response = Response(status: .noContent)
        response.headers[.setCookie] = Sessions.header(nil, isSecure: isSecure(request, context))
        return response
    }

    private func isSecure(_ request: Request, _ context: WebContext) -> Bool {
        parts.policy.isSecure(request.headers, peer: context.remoteAddress?.ipAddress)
    }

    private static func redirect(to address: String) -> Response {
        Response(status: .seeOther, headers: [.location: address])
    }

    /// The address when it is one of ours; else the first page.
    static func local(_ address: String) -> String {
        let isOurs =
            address.hasPrefix("/") && !address.hasPrefix("//")
            && address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        return isOurs ? address : "/"
    }

    private func form(of request: Request) async throws(APIError) -> Form {
        let body = try await RequestBody.read(
            request,
            upTo: WebLimits.signInBytesMax,
            parts.ambient
        )
        let type = request.headers[.contentType] ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            struct Sent: Decodable {
                var token: String
            }
            do {
                return Form(token: try JSONDecoder().decode(Sent.self, from: Data(body)).token)
            } catch {
                throw APIError(.badRequest, "Send {\"token\": \"…\"}.")
            }
        }
        var form = Form(next: "/")
        for item in FormFields(String(decoding: body, as: UTF8.self)).items {
            if item.name == "token" { form.token = item.value }
            if item.name == "next" { form.next = item.value }
        }
        return form
    }
}
