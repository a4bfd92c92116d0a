import Ambient

/// Waits for a condition by looking again and again, up to a limit.
///
/// - Returns: Whether the condition came true.
package func eventually(
    within limit: Duration,
    every interval: Duration = .milliseconds(250),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let ambient = Ambient.live()
    while ambient.elapsed() < limit {
        if try await condition() { return true }
        try await ambient.sleep(for: interval)
    }
    return try await condition()
}
