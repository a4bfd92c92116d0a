import GRDB

/// That the upstream refuses us for a reason that only a person can remove.
package struct UpstreamHalt: Hashable, Sendable {
    /// One line for people: what was refused, and what to do.
    package var reason: String

    /// When it was said last, Unix milliseconds.
    package var atMilliseconds: Int64

    package init(reason: String, atMilliseconds: Int64) {
        self.reason = reason
        self.atMilliseconds = atMilliseconds
    }
}

extension CallStore {
    /// Why polling stands still; nil when the last answer was no refusal.
    package func upstreamHalt(
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> UpstreamHalt? {
        let cursor = try await cursor(ofWalk: UpstreamHalt.name(workspace))
        return cursor?.position.map { reason in
            UpstreamHalt(reason: reason, atMilliseconds: cursor?.updatedMilliseconds ?? 0)
        }
    }
}

extension StoreWriter {
    /// Notes a refusal; it stands until `clearHalt`.
    package func halt(
        reason: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) throws {
        try advance(walk: UpstreamHalt.name(workspace), to: reason, fence: UpstreamHalt.fence)
    }

    /// Notes that the upstream answers again.
    package func clearHalt(in workspace: String = CallIdentity.defaultWorkspace) throws {
        try advance(walk: UpstreamHalt.name(workspace), to: nil, fence: UpstreamHalt.fence)
    }
}

extension UpstreamHalt {
    /// The same for all: whoever heard from the upstream last knows best.
    fileprivate static let fence: Int64 = 0

    /// The note stands among the walks: it is what stops them.
    fileprivate static func name(_ workspace: String) -> String { "upstream-halt:\(workspace)" }
}
