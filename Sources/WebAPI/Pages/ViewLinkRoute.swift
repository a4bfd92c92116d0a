import CallStore
import HTTPTypes
import Hummingbird

/// Leads from the link of a kept view to its page.
struct ViewLinkRoute: RouteGroup {
    static let folder = "/v/"

    let parts: WebParts

    func add(to router: Router<WebContext>) {
        router.get(RouterPath(Self.folder + ":token")) { _, context in
            // The path was checked when the view was kept.
            guard let view = try await parts.store.savedView(context.parameters.get("token") ?? "")
            else { throw APIError(.notFound, "There is no such view.") }
            let query = PageQuery(path: view.path, query: view.query)
            return Response(status: .seeOther, headers: [.location: query.link()])
        }
    }
}
