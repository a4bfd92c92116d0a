package import HTTPTypes
import Hummingbird
package import Reports

/// A refusal, as RFC 9457 has it: `{"type":"about:blank","title":"…","status":404,"code":…}`.
///
/// The code is stable and for programs; title and detail are for people and may change.
package struct APIError: Error, Sendable, Equatable {
    package enum Code: String, Sendable, CaseIterable {
        case badRequest = "bad_request"
        case badSignature = "bad_signature"
        case busy
        case cannotBeRead = "cannot_be_read"
        case conflict
        case hostNotAllowed = "host_not_allowed"
        case inboxUnavailable = "inbox_unavailable"
        case internalError = "internal_error"
        case methodNotAllowed = "method_not_allowed"
        case notAllowed = "not_allowed"
        case notFound = "not_found"
        case originNotAllowed = "origin_not_allowed"
        case overloaded
        case queueUnavailable = "queue_unavailable"
        case rangeNotSatisfiable = "range_not_satisfiable"
        case readOnly = "read_only"
        case refused
        case signInNeeded = "sign_in_needed"
        case sourceNotAllowed = "source_not_allowed"
        case storeUnavailable = "store_unavailable"
        case tooLarge = "too_large"
        case tooManyRequests = "too_many_requests"
        case webhooksNotConfigured = "webhooks_not_configured"
    }

    package static let contentType = "application/problem+json"

    package var code: Code
    package var message: String

    /// What belongs to this kind of refusal alone.
    package var members: [JSONValue.Field] = []
    package var headers = HTTPFields()

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        switch code {
        case .busy, .inboxUnavailable: headers[.retryAfter] = "30"
        case .overloaded: headers[.retryAfter] = "1"
        case .storeUnavailable, .queueUnavailable: headers[.retryAfter] = "5"
        case .signInNeeded: headers[.wwwAuthenticate] = "Bearer"
        case .methodNotAllowed: headers[.allow] = "POST"
        default: break
        }
    }

    /// A refusal because a client asks too often.
    static func tooMany(_ seconds: Int) -> APIError {
        var error = APIError(.tooManyRequests, "Too many requests; ask again in \(seconds) s.")
        error.headers[.retryAfter] = String(seconds)
        return error
    }

    /// The refusal of a method, with those that are taken.
    func allowing(_ methods: [HTTPRequest.Method]) -> APIError {
        var error = self
        error.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
        return error
    }

    package var status: HTTPResponse.Status {
        switch code {
        case .badSignature, .signInNeeded: .unauthorized
        case .busy, .inboxUnavailable, .webhooksNotConfigured, .overloaded, .queueUnavailable,
            .storeUnavailable:
            .serviceUnavailable
        case .badRequest, .cannotBeRead: .badRequest
        case .conflict: .conflict
        case .hostNotAllowed, .notAllowed, .originNotAllowed, .readOnly, .sourceNotAllowed:
            .forbidden
        case .internalError: .internalServerError
        case .methodNotAllowed: .methodNotAllowed
        case .notFound: .notFound
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .refused: .unprocessableContent
        case .tooLarge: .contentTooLarge
        case .tooManyRequests: .tooManyRequests
        }
    }

    var response: Response { response(status) }

    /// The refusal with another status that says the same more exactly.
    func response(_ status: HTTPResponse.Status) -> Response {
        let problem: [JSONValue.Field] = [
            .init(name: "type", value: .text("about:blank")),
            .init(name: "title", value: .text(status.reasonPhrase)),
            .init(name: "status", value: .count(status.code)),
            .init(name: "code", value: .text(code.rawValue)),
            .init(name: "detail", value: .text(message)),
        ]
        return .text(
            JSONValue.object(problem + members).rendered(indented: false) + "\n",
            type: Self.contentType,
            status: status,
            headers: headers
        )
    }
}

extension Response {
    /// One line of JSON with its headers.
    static func json(
        _ value: JSONValue,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = HTTPFields()
    ) -> Response {
        text(
            value.rendered(indented: false) + "\n",
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
