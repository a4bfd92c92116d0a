import Ambient
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Mustache

/// A page's template, by the name of its file.
enum PageTemplate: String, CaseIterable, Sendable {
    case overview
    case calls
    case call
    case unattributed
    case campaigns
    case campaign
    case recipients
    case funnel
    case conversions
    case labels
    case agents
    case exports
    case queues
    case queue
    case job
    case settings
    case signIn = "sign-in"
}

/// What a page shows, and in which frame.
struct Page: Sendable {
    var template: PageTemplate
    var title: String
    var view: View
    var status = HTTPResponse.Status.ok
}

/// The pages of the dashboard.
struct PageRoutes: RouteGroup {
    let parts: WebParts
    let files: WebFiles
    let live: LivePulse

    private typealias Maker = @Sendable (PageDesk, PageQuery, Parameters) async throws -> Page

    func add(to router: Router<WebContext>) {
        for (path, make) in Self.pages {
            router.get(RouterPath(path)) { request, context in
                try await answer(request, context, make)
            }
        }
        router.get("**") { request, context in try await unknown(request, context) }
    }

    /// An address that no route knows: a page for browsers, a problem for programs.
    private func unknown(_ request: Request, _ context: WebContext) async throws -> Response {
        guard request.headers[values: .accept].contains(where: { $0.contains("text/html") }) else {
            throw HTTPError(.notFound)
        }
        let rights = context.principal.rights
        // The frame of a page tells how we are: nothing for whoever may not read.
        guard rights >= .read else { throw HTTPError(.notFound) }
        let desk = try await PageDesk(parts: parts, live: live, rights: rights)
        let message = "There is no page at this address."
        return try await failed(desk, PageQuery(request), request, message, .notFound)
    }

    private static let pages: [(String, Maker)] = [
        ("/", { desk, query, _ in try await desk.overview(query) }),
        ("/calls", { desk, query, _ in try await desk.calls(query) }),
        ("/calls/:id", { desk, query, found in try await desk.call(query, found.get("id")) }),
        ("/unattributed", { desk, query, _ in try await desk.unattributed(query) }),
        ("/campaigns", { desk, query, _ in try await desk.campaigns(query) }),
        (
            "/campaigns/:id",
            { desk, query, found in try await desk.campaign(query, found.get("id")) }
        ),
        (
            "/campaigns/:id/recipients",
            { desk, query, found in try await desk.recipients(query, found.get("id")) }
        ),
        ("/funnel", { desk, query, _ in try await desk.funnelPage(query) }),
        ("/conversions", { desk, query, _ in try await desk.conversions(query) }),
        ("/labels", { desk, query, _ in try await desk.labels(query) }),
        ("/agents", { desk, query, _ in try await desk.agents(query) }),
        ("/exports", { desk, query, _ in try await desk.exports(query) }),
        ("/queues", { desk, query, _ in try await desk.queues(query) }),
        (
            "/queues/:name",
            { desk, query, found in try await desk.queue(query, found.get("name")) }
        ),
        ("/jobs/:id", { desk, query, found in try await desk.job(query, found.get("id")) }),
        ("/settings", { desk, query, _ in try await desk.settings(query) }),
        (Self.signInPath, { desk, query, _ in try await desk.signIn(query) }),
    ]

    static let signInPath = "/sign-in"

    /// Whether a path is of a page without an id in it, as a view that is kept may name it.
    static func isPage(_ path: String) -> Bool {
        pages.contains { $0.0 == path } && !path.contains(":")
    }

    /// Makes the page; whatever fails is shown as one, with what still works.
    private func answer(
        _ request: Request,
        _ context: WebContext,
        _ make: Maker
    ) async throws -> Response {
        let query = PageQuery(request)
        let began = parts.ambient.elapsed()
        let desk = try await PageDesk(
            parts: parts,
            live: live,
            rights: context.principal.rights
        )
        do {
            let page = try await make(desk, query, context.parameters)
            let frame = try await desk.frame(query, page.title, request.headers, files)
            let text = try render(page.template.rawValue, frame.merging(page.view) { $1 })
            return html(text, page.status, took: parts.ambient.elapsed() - began)
        } catch let error as APIError where error.code == .notFound {
            return try await failed(desk, query, request, error.message, .notFound)
        } catch let error as APIError where error.code == .queueUnavailable {
            return try await failed(desk, query, request, error.message, .serviceUnavailable)
        } catch {
            let id = desk.failure("A page failed", error)
            let message =
                "The server's log says why, under the id below. The other pages, polling "
                + "and webhooks go on."
            return try await failed(desk, query, request, message, .internalServerError, id)
        }
    }

    private func failed(
        _ desk: PageDesk,
        _ query: PageQuery,
        _ request: Request,
        _ message: String,
        _ status: HTTPResponse.Status,
        _ id: String? = nil
    ) async throws -> Response {
        var view = try await desk.frame(query, "Not shown", request.headers, files)
        view["message"] = message
        view["isMissing"] = status == .notFound
        if let id { view["errorID"] = id }
        return html(try render("error", view), status, took: nil)
    }

    private func render(_ template: String, _ view: View) throws -> String {
        guard let text = files.templates.render(view, withTemplate: template) else {
            throw APIError(.internalError, "A template is missing.")
        }
        return text
    }

    private func html(
        _ text: String,
        _ status: HTTPResponse.Status,
        took: Duration?
    ) -> Response {
        var headers = HTTPFields()
        if let took, let name = HTTPField.Name("server-timing") {
            let milliseconds =
                Double(took.components.seconds) * 1_000
                + Double(took.components.attoseconds) / 1e15
            headers[name] = String(format: "page;dur=%.2f", milliseconds)
        }
        return .text(text, type: "text/html; charset=utf-8", status: status, headers: headers)
    }
}
