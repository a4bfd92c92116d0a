package import Foundation

/// A body as it came from the upstream, kept beside what was made of it.
package struct RawBody: Hashable, Sendable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case list
        case detail
        case webhook
    }

    package var kind: Kind
    package var workspace: String

    /// Nil when not even the id could be read.
    package var conversationID: String?
    package var receivedAtMilliseconds: Int64
    package var body: Data

    /// Why it could not be understood; nil when it could.
    package var unreadableReason: String?

    package init(
        kind: Kind,
        workspace: String = CallIdentity.defaultWorkspace,
        conversationID: String?,
        receivedAtMilliseconds: Int64,
        body: Data,
        unreadableReason: String? = nil
    ) {
        self.kind = kind
        self.workspace = workspace
        self.conversationID = conversationID
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.body = body
        self.unreadableReason = unreadableReason
    }
}

/// A raw body as a list shows it, without its bytes.
package struct RawBodyNote: Hashable, Sendable {
    package var id: Int64
    package var kind: RawBody.Kind
    package var conversationID: String?
    package var receivedAtMilliseconds: Int64
    package var bytes: Int
    package var unreadableReason: String?
}
