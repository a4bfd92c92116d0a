/// One agent of the workspace.
package struct AgentSummary: Sendable, Hashable {
    package var id: String
    package var name: String?
    package var createdUnix: Int64?
    package var updatedUnix: Int64?
    package var lastCallUnix: Int64?
    package var isArchived: Bool
    package var tags: [String]
}

/// A page of the agent list.
package struct AgentPage: Sendable, Equatable {
    package var agents: [AgentSummary]

    /// Rows that could not be understood.
    package var unreadable: [RecordError]

    /// Pass it to get the next page; nil after the last.
    package var nextCursor: String?
}

/// One of our telephone numbers.
package struct PhoneNumber: Sendable, Hashable {
    package var id: String

    /// As the provider writes it.
    package var number: String?
    package var label: String?

    /// `twilio`, `exotel` or `sip_trunk`.
    package var provider: String?
    package var supportsInbound: Bool?
    package var supportsOutbound: Bool?
    package var assignedAgentID: String?
    package var assignedAgentName: String?
}

/// All telephone numbers of the workspace.
package struct PhoneNumberList: Sendable, Equatable {
    package var numbers: [PhoneNumber]

    /// Rows that could not be understood.
    package var unreadable: [RecordError]
}

extension AgentSummary {
    init(json value: JSONValue) throws(RecordError) {
        guard let fields = Fields(value, oddities: Fields.Oddities()) else {
            throw RecordError(field: "", fault: .notAnObject)
        }
        self.init(
            id: try fields.id("agent_id"),
            name: fields.word("name"),
            createdUnix: fields.integer("created_at_unix_secs").map(Int64.init),
            updatedUnix: fields.integer("updated_at_unix_secs").map(Int64.init),
            lastCallUnix: fields.integer("last_call_time_unix_secs").map(Int64.init),
            isArchived: fields.flag("archived") ?? false,
            tags: fields.texts("tags")
        )
    }
}

extension PhoneNumber {
    init(json value: JSONValue) throws(RecordError) {
        guard let fields = Fields(value, oddities: Fields.Oddities()) else {
            throw RecordError(field: "", fault: .notAnObject)
        }
        let agent = fields.fields("assigned_agent")
        self.init(
            id: try fields.id("phone_number_id"),
            number: fields.word("phone_number"),
            label: fields.word("label"),
            provider: fields.word("provider"),
            supportsInbound: fields.flag("supports_inbound"),
            supportsOutbound: fields.flag("supports_outbound"),
            assignedAgentID: agent?.word("agent_id"),
            assignedAgentName: agent?.word("agent_name")
        )
    }
}
