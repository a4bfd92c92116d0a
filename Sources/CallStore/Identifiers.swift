/// Names one row of a table by its number, which the store gives it.
package protocol RowNumber: Hashable, Sendable, Codable, CustomStringConvertible {
    var number: Int64 { get }

    init(_ number: Int64)
}

extension RowNumber {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }

    package var description: String { String(number) }
}

/// Names one call in the store; given by the store when it first sees the conversation.
package struct CallID: RowNumber {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }
}

/// Names one campaign.
package struct CampaignID: RowNumber {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }
}

/// Names one recipient of one campaign.
package struct RecipientID: RowNumber {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }
}

/// Names one received webhook body.
package struct InboxID: RowNumber {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }
}

/// What makes a conversation the same one for good: the upstream's id inside its workspace.
package struct CallIdentity: Hashable, Sendable, Codable {
    /// The upstream workspace, `CallIdentity.defaultWorkspace` as long as there is only one.
    package var workspace: String
    package var conversationID: String

    package init(workspace: String = Self.defaultWorkspace, conversationID: String) {
        self.workspace = workspace
        self.conversationID = conversationID
    }

    package static let defaultWorkspace = "default"
}

/// Which state of a call somebody read.
///
/// A result is written only where all that it was made from is unchanged.
package struct CallRevision: Hashable, Sendable {
    /// Rises with every change of the call's content.
    package var content: Int64

    /// Rises with every decision on the call's campaign, manual ones too; 0 before the first.
    package var attribution: Int64

    /// Rises with every judgement and label of the call; 0 before the first.
    package var judgement: Int64

    package init(content: Int64, attribution: Int64, judgement: Int64) {
        self.content = content
        self.attribution = attribution
        self.judgement = judgement
    }
}

/// Names one thing that a person said of calls' campaigns.
package struct AssignmentID: RowNumber {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }
}
