import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// A refusal as JSON: `{"error":{"code":"bad_signature","message":"…"}}`.
///
/// The code is stable and for programs; the message is for people and may change.
package struct APIError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case badSignature = "bad_signature"
        case busy
        case cannotBeRead = "cannot_be_read"
        case hostNotAllowed = "host_not_allowed"
        case inboxUnavailable = "inbox_unavailable"
        case internalError = "internal_error"
        case methodNotAllowed = "method_not_allowed"
        case notFound = "not_found"
        case signInNeeded = "sign_in_needed"
        case tooLarge = "too_large"
        case webhooksNotConfigured = "webhooks_not_configured"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var status: HTTPResponse.Status {
        switch code {
        case .badSignature, .signInNeeded: .unauthorized
        case .busy, .inboxUnavailable, .webhooksNotConfigured: .serviceUnavailable
        case .cannotBeRead: .badRequest
        case .hostNotAllowed: .forbidden
        case .internalError: .internalServerError
        case .methodNotAllowed: .methodNotAllowed
        case .notFound: .notFound
        case .tooLarge: .contentTooLarge
        }
    }

    var response: Response {
        var headers = HTTPFields()
        switch code {
        case .busy, .inboxUnavailable: headers[.retryAfter] = "30"
        case .signInNeeded: headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed: headers[.allow] = "POST"
        default: break
        }
        return .json(
            Body(error: Body.Fault(code: code.rawValue, message: message)),
            status: status,
            headers: headers
        )
    }

    private struct Body: Encodable {
        struct Fault: Encodable {
            var code: String
            var message: String
        }

        var error: Fault
    }
}

extension Response {
    /// One line of JSON with its headers.
    static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = HTTPFields()
    ) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data: Data
        do {
            data = try encoder.encode(value)
        } catch {
            preconditionFailure("Our own answers hold nothing that JSON cannot hold.")
        }
        return text(
            String(decoding: data, as: UTF8.self) + "\n",
            type: "application/json",
            status: status,
            headers: headers
        )
    }

    static func text(
        _ text: String,
        type: String,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = HTTPFields()
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

/// Turns everything that a route throws into our JSON, and puts safe headers on every answer.
struct AnswerMiddleware<Context: RequestContext>: RouterMiddleware {
    @concurrent
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as APIError {
            response = error.response
        } catch let error as HTTPError where error.status == .notFound {
            response = APIError(.notFound, "There is nothing at this address.").response
        } catch let error as HTTPError {
            response = APIError(.cannotBeRead, "The request cannot be read.").response
            response.status = error.status
        } catch {
            context.logger.error("A request failed", metadata: ["error": "\(error)"])
            response = APIError(.internalError, "The request failed; see the log.").response
        }
        // What names its content by its address says so itself.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        return response
    }
}
