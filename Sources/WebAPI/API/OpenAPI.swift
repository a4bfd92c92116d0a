import Ambient
import HTTPTypes
import Reports

/// The description of the API for programs, by OpenAPI 3.1, made from the table of its routes.
struct OpenAPI {
    private let endpoints: [Endpoint]

    init(_ endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }

    /// Refusals that any operation may answer with.
    private static let refusals = [400, 401, 403, 404, 405, 409, 413, 416, 422, 429, 503]

    var document: JSONValue {
        let paths = Dictionary(grouping: endpoints, by: \.path).sorted { $0.key < $1.key }
        return .fields(
            ("openapi", .text("3.1.0")),
            (
                "info",
                .fields(
                    ("title", .text("Ringback")),
                    ("version", .text(Release.version)),
                    (
                        "description",
                        .text("What an ElevenLabs voice agent's calls were worth, and why.")
                    )
                )
            ),
            (
                "paths",
                .object(
                    paths.map { path, endpoints in
                        .init(
                            name: path,
                            value: .object(
                                endpoints.map {
                                    .init(
                                        name: $0.method.rawValue.lowercased(),
                                        value: Self.operation($0)
                                    )
                                }
                            )
                        )
                    }
                )
            ),
            ("components", Self.components)
        )
    }

    private static func operation(_ endpoint: Endpoint) -> JSONValue {
        var fields: [JSONValue.Field] = [
            .init(name: "summary", value: .text(endpoint.summary)),
            .init(name: "operationId", value: .text(name(of: endpoint))),
            .init(name: "parameters", value: .list(parameters(of: endpoint))),
        ]
        if !endpoint.isPublic {
            fields.append(
                .init(
                    name: "security",
                    value: .list([
                        .fields(("token", .list([]))), .fields(("session", .list([]))),
                    ])
                )
            )
        }
        if let body = endpoint.body {
            fields.append(
                .init(
                    name: "requestBody",
                    value: .fields(
                        ("required", .bool(true)),
                        (
                            "content",
                            .object(
                                endpoint.bodyTypes.map {
                                    .init(name: $0, value: .fields(("schema", body.json)))
                                }
                                    + (endpoint.form.map {
                                        [
                                            .init(
                                                name: MultipartForm.contentType,
                                                value: .fields(("schema", $0.json))
                                            )
                                        ]
                                    } ?? [])
                            )
                        )
                    )
                )
            )
        }
        fields.append(.init(name: "responses", value: responses(of: endpoint)))
        return .object(fields)
    }

    private static func name(of endpoint: Endpoint) -> String {
        let words = endpoint.path.split { !$0.isLetter && !$0.isNumber }
            .filter { $0 != "api" && $0 != "v1" }
        return endpoint.method.rawValue.lowercased()
            + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func parameters(of endpoint: Endpoint) -> [JSONValue] {
        let path: [JSONValue] = endpoint.pathParameters.map { name in
            .fields(
                ("name", .text(name)),
                ("in", .text("path")),
                ("required", .bool(true)),
                ("schema", .fields(("type", .text("string")), ("minLength", .count(1))))
            )
        }
        return path
            + endpoint.query.map { parameter in
                .fields(
                    ("name", .text(parameter.name)),
                    ("in", .text("query")),
                    ("required", .bool(false)),
                    ("description", .text(parameter.meaning)),
                    ("schema", parameter.schema.json)
                )
            }
    }

    private static func responses(of endpoint: Endpoint) -> JSONValue {
        var content: JSONValue?
        if let answer = endpoint.answer {
            content = .fields(("application/json", .fields(("schema", answer.json))))
        } else if let type = endpoint.contentType {
            content = .fields((type, .object([])))
        }
        var responses: [JSONValue.Field] = []
        for status in [endpoint.status] + endpoint.alsoStatus {
            var fields: [JSONValue.Field] = [
                .init(name: "description", value: .text(status.reasonPhrase))
            ]
            if let content, status != .noContent {
                fields.append(.init(name: "content", value: content))
            }
            responses.append(.init(name: String(status.code), value: .object(fields)))
        }
        for status in refusals {
            responses.append(
                .init(
                    name: String(status),
                    value: .fields(("$ref", .text("#/components/responses/Problem")))
                )
            )
        }
        return .object(responses)
    }

    private static var components: JSONValue {
        let problem = JSONValue.fields(
            ("type", .text("object")),
            (
                "required",
                .list(["type", "title", "status", "code", "detail"].map { .text($0) })
            ),
            (
                "properties",
                .fields(
                    ("type", Schema.text.json),
                    ("title", Schema.text.json),
                    ("status", Schema.count.json),
                    ("code", Schema.word(APIError.Code.self).json),
                    ("detail", Schema.text.json)
                )
            )
        )
        return .fields(
            (
                "responses",
                .fields(
                    (
                        "Problem",
                        .fields(
                            ("description", .text("A refusal, by RFC 9457.")),
                            (
                                "content",
                                .fields((APIError.contentType, .fields(("schema", problem))))
                            )
                        )
                    )
                )
            ),
            (
                "securitySchemes",
                .fields(
                    (
                        "token",
                        .fields(("type", .text("http")), ("scheme", .text("bearer")))
                    ),
                    (
                        "session",
                        .fields(
                            ("type", .text("apiKey")),
                            ("in", .text("cookie")),
                            ("name", .text(Sessions.cookie))
                        )
                    )
                )
            )
        )
    }
}
