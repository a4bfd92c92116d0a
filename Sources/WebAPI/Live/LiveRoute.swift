import HTTPTypes
import Hummingbird
import NIOCore

/// Changes as they are committed, as server-sent events.
struct LiveRoute {
    static let path = "/api/v1/live"

    let live: LivePulse

    var endpoint: Endpoint {
        Endpoint(
            method: .get,
            path: Self.path,
            summary: "Changes as they are committed: events hello, calls and queues; never ends.",
            contentType: "text/event-stream"
        ) { _ in try answer() }
    }

    private func answer() throws -> Response {
        guard live.clients < WebLimits.liveClientsMax else {
            throw APIError(.busy, "Enough clients listen already; come back later.")
        }
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        if let name = HTTPField.Name("x-accel-buffering") { headers[name] = "no" }
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody { [live] writer in
                // Only here, where it is sure to leave again.
                if let (id, events) = live.join() {
                    // A client that is gone shows at the next event: writing to it fails.
                    defer { live.leave(id) }
                    for await event in events {
                        try await writer.write(ByteBuffer(string: event.text))
                    }
                }
                try await writer.finish(nil)
            }
        )
    }
}
