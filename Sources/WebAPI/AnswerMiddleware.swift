import CallStore
import HTTPTypes
import Hummingbird
import JobQueue
import Logging

/// Turns everything that a route throws into a problem, and puts safe headers on every answer.
struct AnswerMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Scripts, styles and pictures of ours alone, and none of them inside a page.
    static var contentPolicy: String {
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; "
            + "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            + "frame-ancestors 'none'"
    }

    @concurrent
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPError where error.status != .notFound {
            response = APIError(.cannotBeRead, "The request cannot be read.")
                .response(error.status)
        } catch {
            response = problem(error, context.logger).response
        }
        // What is made for every page anew must not be kept; files say how long they hold.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.contentSecurityPolicy] = Self.contentPolicy
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "same-origin" }
        return response
    }

    /// What the asker is told; what else is known of the failure stands in the log.
    private func problem(_ error: any Error, _ logger: Logger) -> APIError {
        switch error {
        case let error as APIError: return error
        case is HTTPError: return APIError(.notFound, "There is nothing at this address.")
        case StoreError.notFound(let what): return APIError(.notFound, "There is no \(what).")
        case StoreError.rejected(let reason): return APIError(.refused, reason)
        case StoreError.stale:
            return APIError(.conflict, "Somebody else has changed this; look again.")
        case QueueError.refused(let reason): return APIError(.refused, reason)
        case let error as StoreError:
            logger.error("The store failed a request", metadata: ["error": "\(error)"])
            return APIError(.storeUnavailable, "The store does not answer; try again.")
        case let error as QueueError:
            logger.warning("A queue failed a request", metadata: ["error": "\(error)"])
            return APIError(.queueUnavailable, "The queue does not answer; try again.")
        default:
            logger.error("A request failed", metadata: ["error": "\(error)"])
            return APIError(.internalError, "The request failed; see the log.")
        }
    }
}
