package import CallStore

/// What an `export` job is to write.
package struct ExportArguments: JobArguments {
    package enum Subject: String, Sendable, CaseIterable {
        case calls
    }

    package enum Dialect: String, Sendable, CaseIterable {
        /// For machines: UTF-8 without BOM, nothing escaped but what CSV asks for.
        case data
    }

    package var subject: Subject
    package var dialect: Dialect
    package var filter: CallFilter

    /// IANA name of the zone of local times; nil for the setting's.
    package var timeZone: String?

    /// Who asked: a person, or `schedule`.
    package var person: String

    package init(
        subject: Subject = .calls,
        dialect: Dialect = .data,
        filter: CallFilter = CallFilter(),
        timeZone: String? = nil,
        person: String
    ) {
        self.subject = subject
        self.dialect = dialect
        self.filter = filter
        self.timeZone = timeZone
        self.person = person
    }

    package static let kind = JobKind.export

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        subject = try fields.word("what", as: Subject.self) ?? .calls
        dialect = try fields.word("dialect", as: Dialect.self) ?? .data
        timeZone = try fields.text("timeZone")
        person = try fields.text("by") ?? "schedule"
        var filter = CallFilter()
        filter.workspace = try fields.text("workspace")
        filter.fromUnix = try fields.instant("from")
        filter.toUnix = try fields.instant("to")
        if let from = filter.fromUnix, let to = filter.toUnix, from >= to {
            throw .malformed(field: "to", expected: "a time after from")
        }
        filter.agentID = try fields.text("agent")
        filter.status = try fields.text("status")
        filter.outcome = try fields.text("outcome")
        filter.conversion = try fields.word("conversion", as: Ternary.self)
        if fields.has("campaign") { filter.campaign = try Self.campaign(taking: &fields) }
        self.filter = filter
    }

    package var fields: [String: StoredValue] {
        var fields: [String: StoredValue] = [
            "what": .text(subject.rawValue), "dialect": .text(dialect.rawValue),
            "by": .text(person),
        ]
        if let timeZone { fields["timeZone"] = .text(timeZone) }
        if let workspace = filter.workspace { fields["workspace"] = .text(workspace) }
        if let from = filter.fromUnix { fields["from"] = .integer(from) }
        if let to = filter.toUnix { fields["to"] = .integer(to) }
        if let agent = filter.agentID { fields["agent"] = .text(agent) }
        if let status = filter.status { fields["status"] = .text(status) }
        if let outcome = filter.outcome { fields["outcome"] = .text(outcome) }
        if let conversion = filter.conversion { fields["conversion"] = .text(conversion.rawValue) }
        switch filter.campaign {
        case .one(let id): fields["campaign"] = .integer(id.number)
        case .unattributed: fields["campaign"] = .text("none")
        case nil: break
        }
        return fields
    }

    private static func campaign(
        taking fields: inout ArgumentFields
    ) throws(ArgumentsError) -> CallFilter.CampaignChoice {
        if fields.take("campaign", ifText: "none") { return .unattributed }
        if let id = try fields.integer("campaign") { return .one(CampaignID(id)) }
        throw .malformed(field: "campaign", expected: "a campaign's id, or none")
    }
}
