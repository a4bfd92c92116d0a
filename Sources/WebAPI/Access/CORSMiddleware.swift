import HTTPTypes
import Hummingbird

/// Lets pages of allowed origins read our answers, and asks nobody else's browser to.
///
/// Cookies are never sent across origins, so a page shows a token or asks for what is public.
struct CORSMiddleware: RouterMiddleware {
    let origins: Set<String>

    @concurrent
    func handle(
        _ request: Request,
        context: WebContext,
        next: @concurrent (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin] else { return try await next(request, context) }
        let isAllowed = origins.contains(origin.lowercased())
        let isPreflight =
            request.method == .options
            && request.headers[.accessControlRequestMethod] != nil
        var response: Response
        if isPreflight, isAllowed {
            response = Response(status: .noContent)
        } else {
            response = try await next(request, context)
        }
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard isAllowed else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] =
            "Link, ETag, Content-Disposition, Content-Range, Retry-After"
        if isPreflight {
            response.headers[.accessControlAllowMethods] = "GET, POST, PUT, PATCH, DELETE"
            response.headers[.accessControlAllowHeaders] = "Authorization, Content-Type, If-Range"
            response.headers[.accessControlMaxAge] = "600"
        }
        return response
    }
}
