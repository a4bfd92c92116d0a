import HTTPTypes
import Hummingbird
import Reports

/// Everything under `/api/v1`, the conversations, and the description of both.
struct APIRoutes: RouteGroup {
    static let documentPath = "/openapi.json"

    let parts: WebParts
    let live: LivePulse

    static var endpoints: [Endpoint] {
        ConversationRoutes.endpoints + BulkEndpoints.all + CallEndpoints.all + TagEndpoints.all
            + AssignmentEndpoints.all + ErasureEndpoints.all
            + CampaignEndpoints.all + MetricEndpoints.all + QueueEndpoints.all
            + JobEndpoints.all + DeadEndpoints.all
            + ScheduleEndpoints.all + ExportEndpoints.all + RecordEndpoints.all
            + RuleEndpoints.all + RuleTrialEndpoints.all + RuleFigureEndpoints.all
            + RescoreEndpoints.all
            + ImportEndpoints.all + AlertEndpoints.all
            + ViewEndpoints.all
            + CodeEndpoints.all + AgentEndpoints.all + AgentFigureEndpoints.all + NoteEndpoints.all
            + TokenEndpoints.all + WebhookTestEndpoints.all
            + InternalNumberEndpoints.all + RetentionEndpoints.all
    }

    func add(to router: Router<WebContext>) {
        let endpoints = Self.endpoints + [LiveRoute(live: live).endpoint]
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                try await endpoint.handle(Ask(request: request, context: context, parts: parts))
            }
        }
        let document = OpenAPI(endpoints).document
        router.get(RouterPath(Self.documentPath)) { _, _ in Response.json(document) }
        refuseOthers(of: endpoints, router)
    }

    /// Says which methods a path takes instead of that it is nowhere.
    private func refuseOthers(of endpoints: [Endpoint], _ router: Router<WebContext>) {
        let all: [HTTPRequest.Method] = [
            .get, .head, .post, .put, .patch, .delete, .options, .trace,
        ]
        for (path, found) in Dictionary(grouping: endpoints, by: \.path) {
            let taken = found.map(\.method)
            for method in all where !taken.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ -> Response in
                    throw APIError(.methodNotAllowed, "This address does not take \(method).")
                        .allowing(taken)
                }
            }
        }
    }
}
