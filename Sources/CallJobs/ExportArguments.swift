package import CallStore

/// What an `export` job is to write.
package struct ExportArguments: JobArguments {
    package enum Subject: String, Sendable, CaseIterable {
        /// One row for each call.
        case calls

        /// Calls that are a conversion.
        case conversions

        /// One row for each campaign, with its figures.
        case campaigns

        /// What was said: a row for each turn, or a line for each call.
        case transcripts

        /// What changed in conversions since a cursor, for advertising platforms.
        case feed
    }

    package enum Dialect: String, Sendable, CaseIterable {
        /// CSV for machines: UTF-8 without BOM, nothing escaped but what CSV asks for.
        case data

        /// CSV for spreadsheets: UTF-8 with BOM, texts that look like formulas made harmless.
        case excel

        /// One JSON object on each line.
        case ndjson
    }

    /// How dialect `excel` writes phone numbers, which a spreadsheet would take for sums.
    package enum PhoneStyle: String, Sendable, CaseIterable {
        case apostrophe
        case space

        /// Without the plus.
        case digits
    }

    /// For whom a feed is written.
    package enum Profile: String, Sendable, CaseIterable {
        case google
        case meta

        /// Every change as it is.
        case plain
    }

    /// A stretch of whole days before today, in the export's zone.
    package enum Period: String, Sendable, CaseIterable {
        case yesterday
        case lastWeek = "last-week"
        case lastMonth = "last-month"
    }

    /// A way by which a finished file is passed on; who gets it is a matter of the settings.
    package enum Channel: String, Sendable, CaseIterable {
        case mail
        case webhook
    }

    /// Where a feed begins.
    package enum Since: Hashable, Sendable {
        case cursor(Int64)

        /// Where the last feed of the same profile ended; the beginning when there was none.
        case last
    }

    package var subject: Subject
    package var dialect: Dialect
    package var phones: PhoneStyle
    package var filter: CallFilter
    package var period: Period?
    package var profile: Profile
    package var since: Since

    /// Name of a folder inside the exports folder; nil for that folder itself.
    package var folder: String?

    /// Days until the file expires; nil for the setting's time.
    package var keepDays: Int?

    /// How the file is passed on; not at all when empty.
    package var channels: Set<Channel>

    /// Whether a file without rows is written, too, and passed on.
    package var writesEmpty: Bool

    /// IANA name of the zone of local times; nil for the setting's.
    package var timeZone: String?

    /// Who asked: a person, or `schedule`.
    package var person: String

    package init(
        subject: Subject = .calls,
        dialect: Dialect = .data,
        phones: PhoneStyle = .apostrophe,
        filter: CallFilter = CallFilter(),
        period: Period? = nil,
        profile: Profile = .plain,
        since: Since = .cursor(0),
        folder: String? = nil,
        keepDays: Int? = nil,
        channels: Set<Channel> = [],
        writesEmpty: Bool? = nil,
        timeZone: String? = nil,
        person: String
    ) {
        self.subject = subject
        self.dialect = dialect
        self.phones = phones
        self.filter = filter
        self.period = period
        self.profile = profile
        self.since = since
        self.folder = folder
        self.keepDays = keepDays
        self.channels = channels
        // Nobody is written to about nothing, unless that is asked for.
        self.writesEmpty = writesEmpty ?? channels.isEmpty
        self.timeZone = timeZone
        self.person = person
    }

    package static let kind = JobKind.export

    /// Longest time that a file is kept, about ten years.
    package static let keepDaysMax: Int64 = 3_660

    package init(taking fields: inout ArgumentFields) throws(ArgumentsError) {
        subject = try fields.word("what", as: Subject.self) ?? .calls
        dialect = try fields.word("dialect", as: Dialect.self) ?? .data
        phones = try fields.word("phones", as: PhoneStyle.self) ?? .apostrophe
        period = try fields.word("period", as: Period.self)
        profile = try fields.word("profile", as: Profile.self) ?? .plain
        if fields.take("since", ifText: "last") {
            since = .last
        } else {
            let cursor = try fields.integer("since") ?? 0
            guard cursor >= 0 else {
                throw .malformed(field: "since", expected: "a cursor, or last")
            }
            since = .cursor(cursor)
        }
        folder = try fields.text("folder")
        if let folder, folder.wholeMatch(of: /[a-z0-9][a-z0-9-]{0,39}/) == nil {
            throw .malformed(field: "folder", expected: "a name of a-z, 0-9 and -")
        }
        let days = try fields.integer("keepDays")
        guard days.map({ (1...Self.keepDaysMax).contains($0) }) ?? true else {
            throw .malformed(field: "keepDays", expected: "1 to \(Self.keepDaysMax)")
        }
        keepDays = days.map(Int.init)
        channels = try Self.channels(taking: &fields)
        writesEmpty = try fields.flag("empty") ?? channels.isEmpty
        timeZone = try fields.text("timeZone")
        person = try fields.text("by") ?? "schedule"
        var filter = CallFilter()
        filter.workspace = try fields.text("workspace")
        filter.fromUnix = try fields.instant("from")
        filter.toUnix = try fields.instant("to")
        if let from = filter.fromUnix, let to = filter.toUnix, from >= to {
            throw .malformed(field: "to", expected: "a time after from")
        }
        if period != nil, filter.fromUnix != nil || filter.toUnix != nil {
            throw .malformed(field: "period", expected: "to stand without from and to")
        }
        filter.agentID = try fields.text("agent")
        filter.status = try fields.text("status")
        filter.outcome = try fields.text("outcome")
        filter.conversion = try fields.word("conversion", as: Ternary.self)
        if let text = try fields.text("tag") {
            guard let tag = CallTag(text) else {
                throw .malformed(field: "tag", expected: CallTag.rule)
            }
            filter.tag = tag
        }
        filter.ids = try fields.ids("calls", limit: CallFilter.idsMax)?.map { CallID($0) }
        if fields.has("campaign") { filter.campaign = try Self.campaign(taking: &fields) }
        self.filter = filter
        if subject == .campaigns || subject == .feed, filter != CallFilter() || period != nil {
            throw .malformed(field: "what", expected: "calls, where a filter or a period is given")
        }
    }

    package var fields: [String: StoredValue] {
        var fields = filterFields
        fields["what"] = .text(subject.rawValue)
        fields["dialect"] = .text(dialect.rawValue)
        fields["by"] = .text(person)
        if phones != .apostrophe { fields["phones"] = .text(phones.rawValue) }
        if let period { fields["period"] = .text(period.rawValue) }
        if subject == .feed {
            fields["profile"] = .text(profile.rawValue)
            switch since {
            case .cursor(let cursor): fields["since"] = .integer(cursor)
            case .last: fields["since"] = .text("last")
            }
        }
        if let folder { fields["folder"] = .text(folder) }
        if let keepDays { fields["keepDays"] = .integer(Int64(keepDays)) }
        if !channels.isEmpty {
            fields["deliver"] = .text(channels.map(\.rawValue).sorted().joined(separator: ","))
        }
        if writesEmpty != channels.isEmpty { fields["empty"] = .bool(writesEmpty) }
        if let timeZone { fields["timeZone"] = .text(timeZone) }
        return fields
    }

    /// The fields that say which calls.
    package var filterFields: [String: StoredValue] {
        var fields: [String: StoredValue] = [:]
        if let workspace = filter.workspace { fields["workspace"] = .text(workspace) }
        if let from = filter.fromUnix { fields["from"] = .integer(from) }
        if let to = filter.toUnix { fields["to"] = .integer(to) }
        if let agent = filter.agentID { fields["agent"] = .text(agent) }
        if let status = filter.status { fields["status"] = .text(status) }
        if let outcome = filter.outcome { fields["outcome"] = .text(outcome) }
        if let conversion = filter.conversion { fields["conversion"] = .text(conversion.rawValue) }
        if let tag = filter.tag { fields["tag"] = .text(tag.text) }
        if let ids = filter.ids { fields["calls"] = .list(ids.map { .integer($0.number) }) }
        switch filter.campaign {
        case .one(let id): fields["campaign"] = .integer(id.number)
        case .unattributed: fields["campaign"] = .text("none")
        case nil: break
        }
        return fields
    }

    private static func channels(
        taking fields: inout ArgumentFields
    ) throws(ArgumentsError) -> Set<Channel> {
        guard let text = try fields.text("deliver") else { return [] }
        var channels: Set<Channel> = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let channel = Channel(rawValue: word.filter { $0 != " " }) else {
                throw .malformed(field: "deliver", expected: "mail, webhook, or mail,webhook")
            }
            channels.insert(channel)
        }
        return channels
    }

    private static func campaign(
        taking fields: inout ArgumentFields
    ) throws(ArgumentsError) -> CallFilter.CampaignChoice {
        if fields.take("campaign", ifText: "none") { return .unattributed }
        if let id = try fields.integer("campaign") { return .one(CampaignID(id)) }
        throw .malformed(field: "campaign", expected: "a campaign's id, or none")
    }
}
