import Ambient
import Foundation
import HTTPTypes
import Hummingbird
import Reports

/// One operation of the API: its route, and its line in the API's description.
struct Endpoint: Sendable {
    struct Parameter: Sendable {
        let name: String
        let schema: Schema
        let meaning: String
    }

    let method: HTTPRequest.Method

    /// With its parameters in braces, as the router and the description both write them.
    let path: String
    let summary: String
    var query: [Parameter] = []

    /// What is sent; nil for nothing.
    var body: Schema?

    /// As what it may be sent.
    var bodyTypes = ["application/json"]

    /// What a browser's form may send instead, `multipart/form-data`.
    var form: Schema?

    /// What comes back; nil for what is no JSON.
    var answer: Schema?
    var status = HTTPResponse.Status.ok

    /// Further good answers.
    var alsoStatus: [HTTPResponse.Status] = []

    /// What comes back where it is no JSON.
    var contentType: String?

    /// Whether anybody may ask.
    var isPublic = false
    let handle: @Sendable (Ask) async throws -> Response

    /// Names of the parameters in the path.
    var pathParameters: [String] {
        path.matches(of: /\{([A-Za-z]+)\}/).map { String($0.1) }
    }
}

/// A request to an endpoint.
struct Ask: Sendable {
    let request: Request
    let context: WebContext
    let parts: WebParts

    var query: Query { Query(request) }

    /// Who asks, for the audit log.
    var person: String { context.principal.name }

    /// Whether numbers are shown as they are: for administrators who ask for it.
    func showsNumbers() throws(APIError) -> Bool {
        guard try query.flag("showNumbers") else { return false }
        guard context.principal.rights >= .admin else {
            throw APIError(.notAllowed, "Only administrators may see whole numbers.")
        }
        return true
    }

    /// A part of the path.
    func word(_ name: String) throws -> String { try context.parameters.require(name) }

    /// A part of the path that is a positive number.
    func number(_ name: String, _ what: String) throws -> Int64 {
        let text = try word(name)
        guard let number = Int64(text), number > 0 else {
            throw APIError(.notFound, "There is no such \(what).")
        }
        return number
    }

    /// The body as JSON.
    func body<Value: Decodable>(_ type: Value.Type = Value.self) async throws -> Value {
        let bytes = try await RequestBody.read(
            request,
            upTo: WebLimits.bodyBytesMax,
            parts.ambient
        )
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw APIError(.badRequest, "The body is not the JSON object that is expected.")
        }
    }
}

extension APIError {
    /// Refuses a text that is too short or too long, or holds control characters.
    static func check(
        _ text: String?,
        _ name: String,
        in range: ClosedRange<Int>
    ) throws(APIError) {
        guard let text else { return }
        guard range.contains(text.unicodeScalars.count), !text.unicodeScalars.contains("\0") else {
            throw APIError(
                .badRequest,
                "\(name) must have \(range.lowerBound) to \(range.upperBound) characters."
            )
        }
    }
}

extension Response {
    /// A page of a list, with its `Link`.
    static func page(
        _ items: [JSONValue],
        next: String?,
        _ query: Query,
        _ more: (String, JSONValue)...
    ) -> Response {
        var headers = HTTPFields()
        if let next { headers[Query.linkHeader] = query.link(cursor: next) }
        let fields = [("items", .list(items)), ("next", .optional(next))] + more
        return .json(.object(fields.map { .init(name: $0.0, value: $0.1) }), headers: headers)
    }
}
