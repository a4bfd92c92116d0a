import Ambient
import Foundation

/// Runs an operation, and gives up on it after a time.
///
/// - Returns: Its value; nil when it failed or the time passed first.
func within<Value: Sendable>(
    _ limit: Duration,
    _ ambient: Ambient,
    _ operation: @escaping @Sendable () async throws -> Value
) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask {
            do {
                return try await operation()
            } catch {
                // The caller shows that the figure is missing; what failed is logged where it did.
                return nil
            }
        }
        group.addTask {
            do {
                try await ambient.sleep(for: limit)
            } catch {
                // The operation was first.
                return nil
            }
            return nil
        }
        defer { group.cancelAll() }
        return await group.next() ?? nil
    }
}

extension Ambient {
    /// Wall time in Unix milliseconds.
    var unixMilliseconds: Int64 {
        Int64((now().timeIntervalSince1970 * 1_000).rounded(.down))
    }
}
