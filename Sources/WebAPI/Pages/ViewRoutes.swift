import Ambient
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Views that people keep under a name, and pass on by a link.
struct ViewRoutes: RouteGroup {
    static let path = "/api/v1/views"

    let parts: WebParts

    /// Bytes of a view that is sent.
    private static let bytesMax = 8_192
    private static let nameMax = 80

    private struct Body: Codable {
        var name: String
        var path: String
        var query: String
    }

    private struct Item: Encodable {
        var token: String
        var name: String
        var path: String
        var query: String
        var link: String
        var person: String
    }

    private struct List: Encodable {
        var items: [Item]
    }

    func add(to router: Router<WebContext>) {
        router.get(RouterPath(Self.path)) { _, _ in
            try Self.json(List(items: try await parts.store.savedViews().map(Self.item)))
        }
        router.post(RouterPath(Self.path)) { request, _ in try await save(request) }
        router.delete(RouterPath(Self.path + "/:token")) { _, context in
            try await remove(context.parameters.get("token"))
        }
        router.get("/v/:token") { _, context in try await open(context.parameters.get("token")) }
    }

    private func save(_ request: Request) async throws -> Response {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.bytesMax)
        } catch {
            throw APIError(.tooLarge, "A view is at most \(Self.bytesMax) bytes.")
        }
        let body: Body
        do {
            body = try JSONDecoder().decode(Body.self, from: Data(bytes.readableBytesView))
        } catch is DecodingError {
            throw APIError(.cannotBeRead, "Send a name, a path and a query.")
        }
        let name = body.name.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !name.isEmpty, name.count <= Self.nameMax else {
            throw APIError(.cannotBeRead, "A name has 1 to \(Self.nameMax) characters.")
        }
        guard PageRoutes.isPage(body.path) else {
            throw APIError(.cannotBeRead, "A view is of a page of the dashboard.")
        }
        let view = SavedView(
            token: parts.ambient.newID().uuidString.lowercased(),
            name: name,
            path: body.path,
            query: body.query,
            person: "dashboard"
        )
        try await parts.store.write { try $0.save(view) }
        return try Self.json(Self.item(view), status: .created)
    }

    private func remove(_ token: String?) async throws -> Response {
        let isGone = try await parts.store.write {
            try $0.removeView(token ?? "", by: "dashboard")
        }
        guard isGone else { throw APIError(.notFound, "There is no such view.") }
        return Response(status: .noContent)
    }

    /// A kept view leads to its page; its path was checked when it was kept.
    private func open(_ token: String?) async throws -> Response {
        guard let view = try await parts.store.savedView(token ?? "") else {
            throw APIError(.notFound, "There is no such view.")
        }
        let query = PageQuery(path: view.path, query: view.query)
        return Response(status: .seeOther, headers: [.location: query.link()])
    }

    private static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
        return .text(text, type: "application/json", status: status)
    }

    private static func item(_ view: SavedView) -> Item {
        Item(
            token: view.token,
            name: view.name,
            path: view.path,
            query: view.query,
            link: "/v/\(view.token)",
            person: view.person
        )
    }
}
