import Hummingbird
import Synchronization

/// Serves a bounded number of requests at once; one more is told to come back.
///
/// A stream of live events counts until it begins: how many may be open is its own limit.
final class SheddingMiddleware: RouterMiddleware {
    typealias Context = WebContext

    private let requestsMax: Int
    private let requests = Mutex(0)

    init(requestsMax: Int = WebLimits.requestsAtOnceMax) {
        self.requestsMax = requestsMax
    }

    @concurrent
    func handle(
        _ request: Request,
        context: WebContext,
        next: @concurrent (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        let isFree = requests.withLock { requests in
            // A probe must be answered above all when there is much to do.
            guard requests < requestsMax || request.uri.path == HealthRoute.path else {
                return false
            }
            requests += 1
            return true
        }
        guard isFree else {
            throw APIError(.overloaded, "Too many requests at once; ask again in a moment.")
        }
        defer { requests.withLock { $0 -= 1 } }
        return try await next(request, context)
    }
}
