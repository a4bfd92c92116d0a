/// The upstream's error bodies; none is ever empty.
enum APIError {
    /// The current shape: type, code, message, and the older status beside them.
    static func reply(
        _ status: Int,
        type: String,
        code: String,
        message: String,
        requestID: String
    ) -> APIReply {
        APIReply(
            status,
            [
                "detail": [
                    "type": .string(type),
                    "code": .string(code),
                    "message": .string(message),
                    "status": .string(code),
                    "request_id": .string(requestID),
                    "param": nil,
                ]
            ]
        )
    }

    /// The shape of older replies: status and message alone.
    static func oldReply(_ status: Int, code: String, message: String) -> APIReply {
        APIReply(status, ["detail": ["status": .string(code), "message": .string(message)]])
    }

    /// What the upstream's framework says about a parameter.
    static func invalid(_ problem: InvalidParameter) -> APIReply {
        APIReply(
            422,
            [
                "detail": [
                    [
                        "type": .string(problem.type),
                        "loc": [.string(problem.place), .string(problem.name)],
                        "msg": .string(problem.message),
                        "input": .string(problem.input),
                    ]
                ]
            ]
        )
    }

    /// What the framework says about a route that does not exist.
    static let unknownRoute = APIReply(404, ["detail": "Not Found"])
    static let wrongMethod = APIReply(405, ["detail": "Method Not Allowed"])

    static func noConversation(_ identifier: String, requestID: String) -> APIReply {
        reply(
            404,
            type: "not_found",
            code: "document_not_found",
            message: "Document with id \(identifier) not found.",
            requestID: requestID
        )
    }
}

/// A parameter that the framework refuses.
struct InvalidParameter: Error, Equatable {
    var place = "query"
    let name: String
    let input: String
    let type: String
    let message: String
}
