import CallStore
import Foundation
import Hummingbird
import Reports

/// Tokens with which programs call the API.
enum TokenEndpoints {
    static var all: [Endpoint] { [list, add, revoke] }

    private static let token = Schema.fields(
        ("name", .text),
        ("scope", .word(APIToken.Scope.self)),
        ("by", .text),
        ("created", .instant)
    )

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/tokens",
        summary: "Which tokens there are, for administrators; the tokens themselves are not kept.",
        answer: .page(token)
    ) { ask in
        guard ask.context.principal.rights >= .admin else {
            throw APIError(.notAllowed, "Only administrators may see who has a token.")
        }
        let tokens = try await ask.parts.store.apiTokens()
        return .page(tokens.map(json), next: nil, ask.query)
    }

    private static func json(_ token: APIToken) -> JSONValue {
        .fields(
            ("name", .text(token.name)),
            ("scope", .text(token.scope.rawValue)),
            ("by", .text(token.createdBy)),
            ("created", .text(ISOTime.text(milliseconds: token.createdMilliseconds)))
        )
    }

    private struct Sent: Decodable {
        var name: String
        var scope: String
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/tokens",
        summary: "Make a token; it stands in this answer and in no other.",
        body: .sent([
            ("name", .bounded(APIToken.nameBytes)), ("scope", .word(APIToken.Scope.self)),
        ]),
        answer: .fields(
            ("name", .text),
            ("scope", .word(APIToken.Scope.self)),
            ("token", .text)
        ),
        status: .created
    ) { ask in
        let sent = try await ask.body(Sent.self)
        try APIError.check(sent.name, "name", in: APIToken.nameBytes)
        guard APIToken.nameBytes.contains(sent.name.utf8.count) else {
            throw APIError(.refused, "A name has 1 to 100 bytes.")
        }
        guard let scope = APIToken.Scope(rawValue: sent.scope) else {
            throw APIError(.badRequest, "scope must be read, write or admin.")
        }
        let token = APIToken.make(ask.parts.ambient)
        let (hash, person) = (APIToken.hash(of: token), ask.person)
        _ = try await ask.parts.store.write {
            try $0.addToken(named: sent.name, scope, hash: hash, by: person)
        }
        return .json(
            .fields(
                ("name", .text(sent.name)),
                ("scope", .text(scope.rawValue)),
                ("token", .text(token))
            ),
            status: .created
        )
    }

    private static let revoke = Endpoint(
        method: .delete,
        path: "/api/v1/tokens/{name}",
        summary: "Let nobody in with a token any more.",
        status: .noContent
    ) { ask in
        let written = try ask.word("name")
        let (name, person) = (written.removingPercentEncoding ?? written, ask.person)
        _ = try await ask.parts.store.write { try $0.revokeToken(named: name, by: person) }
        return Response(status: .noContent)
    }
}
