import Ambient
import CallStore
import Foundation
import Hummingbird
import Reports

/// Views of the dashboard that people keep under a name, and pass on by a link.
enum ViewEndpoints {
    static var all: [Endpoint] { [list, save, remove] }

    private static let nameMax = 80
    private static let pathMax = 200
    private static let queryMax = 4_000

    private static let view = Schema.fields(
        ("token", .text),
        ("name", .text),
        ("path", .text),
        ("query", .text),
        ("link", .text),
        ("person", .text)
    )

    private static func json(_ view: SavedView) -> JSONValue {
        .fields(
            ("token", .text(view.token)),
            ("name", .text(view.name)),
            ("path", .text(view.path)),
            ("query", .text(view.query)),
            ("link", .text(ViewLinkRoute.folder + view.token)),
            ("person", .text(view.person))
        )
    }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/views",
        summary: "The kept views, by name.",
        answer: .fields(("items", .list(view)))
    ) { ask in
        let views = try await ask.parts.store.savedViews()
        return .json(.fields(("items", .list(views.map { json($0) }))))
    }

    private struct Sent: Decodable {
        var name: String
        var path: String
        var query: String
    }

    private static let save = Endpoint(
        method: .post,
        path: "/api/v1/views",
        summary: "Keep a view of a page of the dashboard.",
        body: .sent([
            ("name", .bounded(1...nameMax)),
            ("path", .bounded(1...pathMax)),
            ("query", .bounded(0...queryMax)),
        ]),
        answer: view,
        status: .created
    ) { ask in
        let sent = try await ask.body(Sent.self)
        let name = sent.name.trimmingCharacters(in: .whitespacesAndNewlines)
        try APIError.check(name, "name", in: 1...nameMax)
        try APIError.check(sent.query, "query", in: 0...queryMax)
        guard sent.path.utf8.count <= pathMax, PageRoutes.isPage(sent.path) else {
            throw APIError(.badRequest, "path must be that of a page of the dashboard.")
        }
        let view = SavedView(
            token: ask.parts.ambient.newID().uuidString.lowercased(),
            name: name,
            path: sent.path,
            query: sent.query,
            person: ask.person
        )
        try await ask.parts.store.write { try $0.save(view) }
        return .json(json(view), status: .created)
    }

    private static let remove = Endpoint(
        method: .delete,
        path: "/api/v1/views/{token}",
        summary: "Forget a kept view.",
        status: .noContent
    ) { ask in
        let (token, person) = (try ask.word("token"), ask.person)
        guard try await ask.parts.store.write({ try $0.removeView(token, by: person) }) else {
            throw APIError(.notFound, "There is no such view.")
        }
        return Response(status: .noContent)
    }
}
