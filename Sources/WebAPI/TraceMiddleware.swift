import Ambient
import HTTPTypes
import Hummingbird
import Traces

/// Gives every request its place in a trace: that of its `traceparent`, or a new one.
///
/// What the request logs carries it, and the jobs that it makes are its children. A header that
/// is not valid, or comes twice, counts as none. `tracestate` is not passed on: a job's envelope
/// has one field.
struct TraceMiddleware<Context: RequestContext>: RouterMiddleware {
    let ambient: Ambient

    @concurrent
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let trace = Self.parent(in: request.headers)?.child(from: ambient) ?? .root(from: ambient)
        return try await TraceScope.$current.withValue(TraceScope(trace)) {
            try await next(request, context)
        }
    }

    private static func parent(in headers: HTTPFields) -> TraceContext? {
        guard let name = HTTPField.Name(TraceContext.header) else { return nil }
        let values = headers[values: name]
        return values.count == 1 ? values.first.flatMap { TraceContext(traceparent: $0) } : nil
    }
}
