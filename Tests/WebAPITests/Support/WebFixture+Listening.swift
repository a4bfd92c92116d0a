import WebAPI

extension WebFixture {
    /// Runs the server on a real port as long as a body runs, which gets the port, and lets it end
    /// in order.
    func listen(_ body: @Sendable (_ port: Int) async throws -> Void) async throws {
        let server = WebServer(parts)
        let (stops, stop) = AsyncStream<Never>.makeStream()
        let (ports, listening) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listening.finish() }
                try await server.run(
                    host: "127.0.0.1",
                    port: 0,
                    until: { for await _ in stops {} },
                    listening: { listening.yield($0) }
                )
            }
            for await port in ports {
                try await body(port)
                break
            }
            stop.finish()
            try await group.waitForAll()
        }
    }
}
