package import Foundation

/// A webhook as it came in, signature checked.
package struct InboxDelivery: Hashable, Sendable {
    package var workspace: String

    /// The envelope's `type`; nil when the body is no envelope.
    package var type: String?
    package var conversationID: String?
    package var receivedAtMilliseconds: Int64
    package var body: Data

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        type: String?,
        conversationID: String?,
        receivedAtMilliseconds: Int64,
        body: Data
    ) {
        self.workspace = workspace
        self.type = type
        self.conversationID = conversationID
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.body = body
    }
}

/// What the inbox did with a delivery.
package enum InboxReceipt: Hashable, Sendable {
    /// Kept; a job must follow, in the same transaction.
    case kept(InboxID)

    /// The very same body is in the inbox already: a repeat of the sender.
    case known(InboxID)

    /// It is about a conversation that was erased here: nothing of it is kept.
    case erased
}

/// One body of the inbox.
package struct InboxItem: Hashable, Sendable {
    package enum State: String, Sendable, Codable {
        case waiting
        case done

        /// Could not be understood; kept for a person.
        case dead
    }

    package var id: InboxID
    package var delivery: InboxDelivery
    package var state: State
    package var reason: String?
}
