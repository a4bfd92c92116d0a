import Ambient
import HTTPClient

/// Runs a body with a client of its own, and shuts it down whatever happens.
func withClient<Value: Sendable>(
    _ settings: HTTPClientSettings = HTTPClientSettings(),
    _ body: (HTTPClient) async throws -> Value
) async throws -> Value {
    let client = try HTTPClient(settings, ambient: .live())
    do {
        let value = try await body(client)
        await client.shutDown()
        return value
    } catch {
        await client.shutDown()
        throw error
    }
}

/// Limits that a test can wait for; those that it does not name are long.
func limits(
    connect: Duration = .seconds(60),
    firstByte: Duration = .seconds(60),
    idle: Duration = .seconds(60),
    total: Duration? = .seconds(60)
) -> HTTPTimeouts {
    HTTPTimeouts(connect: connect, firstByte: firstByte, idle: idle, total: total)
}
