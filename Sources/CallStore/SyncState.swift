/// A moment that the pages and the sync remember; it only moves forward.
package enum SyncMark: String, Sendable, CaseIterable {
    /// Everything that started before this instant has been listed.
    case lastPoll = "last-poll"

    /// When recipients, touches or windows of campaigns changed last.
    case recipientsChanged = "recipients-changed"

    /// The newest webhook that was accepted.
    case lastWebhook = "last-webhook"
}

/// Where a long walk stands.
package struct WalkCursor: Hashable, Sendable {
    /// Opaque to the store; nil when the walk is through.
    package var position: String?

    /// The fence of the delivery that wrote it.
    package var fence: Int64
    package var updatedMilliseconds: Int64
}

/// One agent of the upstream.
package struct Agent: Hashable, Sendable {
    package var workspace: String
    package var id: String
    package var name: String?

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        id: String,
        name: String?
    ) {
        self.workspace = workspace
        self.id = id
        self.name = name
    }
}
