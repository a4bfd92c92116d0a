import GRDB
import PhoneNumbers

extension CallStore {
    /// What the rules read of some calls, in the order of their ids; those that are gone are
    /// left out.
    ///
    /// Three statements for all of them, whatever their number.
    ///
    /// - Parameters:
    ///   - calls: A batch.
    ///   - candidatesMax: Recipients with one number that are looked at, those added last first.
    /// - Returns: One consistent look.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func attributionInputs(
        of calls: [CallID],
        candidatesMax: Int
    ) async throws(StoreError) -> [AttributionInput] {
        guard !calls.isEmpty else { return [] }
        return try await read { database in
            var reading = AttributionReading(database: database, candidatesMax: candidatesMax)
            return try reading.inputs(of: calls)
        }
    }

    /// The recipients and scans that a token leads to, a few.
    ///
    /// - Parameters:
    ///   - token: As the call carried it.
    ///   - moment: Only scans up to this second count, the last ones first.
    ///   - workspace: Whose.
    ///   - limit: Most matches to return.
    /// - Returns: The matches.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func tokenMatches(
        _ token: String,
        untilUnix moment: Int64,
        in workspace: String = CallIdentity.defaultWorkspace,
        limit: Int
    ) async throws(StoreError) -> [TokenMatch] {
        try await read { database in
            let statement = try database.cachedStatement(
                sql: """
                    select campaigns.*, touches.recipient_id as recipient,
                        touches.id as touch, touches.at_unix as at_unix
                    from touches join campaigns on campaigns.id = touches.campaign_id
                    where touches.token = ?1 and campaigns.workspace = ?2
                    and touches.kind in ('scan', 'page-view') and touches.at_unix <= ?4
                    union all
                    select campaigns.*, recipients.id, null, (
                        select min(at_unix) from touches where recipient_id = recipients.id
                    )
                    from recipients join campaigns on campaigns.id = recipients.campaign_id
                    where recipients.token = ?1 and campaigns.workspace = ?2
                    order by at_unix desc, touch desc, recipient limit ?3
                    """
            )
            let arguments: StatementArguments = [token, workspace, limit, moment]
            return try Row.fetchAll(statement, arguments: arguments).map { row in
                TokenMatch(
                    campaign: try CallReading.campaign(in: row, database),
                    recipient: (row["recipient"] as Int64?).map { RecipientID($0) },
                    touch: row["touch"],
                    atUnix: row["at_unix"]
                )
            }
        }
    }
}

/// Reads a batch of inputs inside one snapshot.
private struct AttributionReading {
    let database: Database
    let candidatesMax: Int
    private var campaigns: [Int64: Campaign] = [:]

    init(database: Database, candidatesMax: Int) {
        self.database = database
        self.candidatesMax = candidatesMax
    }

    mutating func inputs(of calls: [CallID]) throws -> [AttributionInput] {
        let ids = "[" + calls.map { String($0.number) }.joined(separator: ",") + "]"
        var inputs = try read(ids)
        try addCandidates(&inputs)
        try addAgentCampaigns(&inputs)
        try addStanding(ids, &inputs)
        return inputs
    }

    private static let selectInputs = """
        select calls.id, calls.revision, coalesce(attributions.revision, 0), calls.workspace,
            calls.started_unix, calls.direction, calls.channel, calls.agent_number_e164,
            calls.batch_call_id, calls.batch_recipient_id, calls.upstream_campaign_id,
            calls.upstream_lead_id, calls.dynamic_variables, calls.has_detail,
            manual_pins.call_id is not null, (
                select month from closed_months
                where closed_months.workspace = calls.workspace
                and calls.started_unix >= from_unix and calls.started_unix < to_unix
            ),
            attributions.method, attributions.campaign_id, attributions.recipient_id,
            attributions.reason, call_parties.class, call_parties.e164, call_parties.extension,
            iif(call_parties.class = 'invalid', call_parties.raw, ''), calls.withheld
        from json_each(?) as wanted
        cross join calls on calls.id = wanted.value
        left join attributions on attributions.call_id = calls.id
        left join call_parties on call_parties.call_id = calls.id
        left join manual_pins on manual_pins.call_id = calls.id
        order by calls.id
        """

    private func read(_ ids: String) throws -> [AttributionInput] {
        let statement = try database.cachedStatement(sql: Self.selectInputs)
        let rows = try Row.fetchCursor(statement, arguments: [ids])
        var inputs: [AttributionInput] = []
        while let row = try rows.next() {
            let variables: DatabaseValue = row[12]
            inputs.append(
                AttributionInput(
                    call: CallID(row[0]),
                    seen: CallRevision(content: row[1], attribution: row[2], judgement: 0),
                    workspace: row[3],
                    startedUnix: row[4],
                    direction: (row[5] as String?).flatMap { CallDirection(rawValue: $0) },
                    channel: (row[6] as String?).flatMap { CallChannel(rawValue: $0) },
                    caller: Self.caller(in: row),
                    agentNumber: (row[7] as String?).flatMap { E164(stored: $0) },
                    batchCallID: row[8],
                    batchRecipientID: row[9],
                    upstreamCampaignID: row[10],
                    upstreamLeadID: row[11],
                    dynamicVariables: variables.isNull
                        ? [:]
                        : try StoredJSON.value(variables, as: [String: StoredValue].self) ?? [:],
                    hasDetail: row[13],
                    isPinned: row[14],
                    closedMonth: row[15],
                    isFrozen: Withholding(stored: row[24])?.isFrozen == true,
                    before: Self.state(in: row),
                    standing: nil,
                    candidates: [],
                    agentCampaigns: []
                )
            )
        }
        return inputs
    }

    private static func caller(in row: Row) -> PartyNumber? {
        guard let kind = row[20] as String? else { return nil }
        return PartyNumber(
            raw: row[23],
            e164: (row[21] as String?).flatMap { E164(stored: $0) },
            phoneExtension: row[22],
            kind: NumberClass(rawValue: kind) ?? .invalid,
            normaliserVersion: ""
        )
    }

    private static func state(in row: Row) -> AttributionState? {
        guard let method = row[16] as String? else { return nil }
        return AttributionState(
            campaign: (row[17] as Int64?).map { CampaignID($0) },
            recipient: (row[18] as Int64?).map { RecipientID($0) },
            method: AttributionMethod(rawValue: method) ?? .none,
            reason: row[19]
        )
    }

    // MARK: Recipients with a caller's number

    /// The numbers to look for: each once, with the calls that ask for it.
    private struct Wanted {
        var texts: [String] = []
        var places: [String: Int] = [:]

        mutating func place(of text: String) -> Int {
            if let place = places[text] { return place }
            places[text] = texts.count
            texts.append(text)
            return texts.count - 1
        }

        /// Digits and a plus need no escapes.
        var json: String { "[\"" + texts.joined(separator: "\",\"") + "\"]" }
    }

    private mutating func addCandidates(_ inputs: inout [AttributionInput]) throws {
        var wanted = Wanted()
        var asked: [(input: Int, place: Int, variant: String?)] = []
        for (index, input) in inputs.enumerated() where !input.isPinned {
            guard let caller = input.caller else { continue }
            if let number = caller.e164 {
                asked.append((index, wanted.place(of: number.text), nil))
            }
            // A spelling that the network still uses may be no valid number any more.
            let text = caller.e164?.text ?? DeclaredVariant.canonical(caller.raw)
            for variant in text.map(DeclaredVariant.candidates) ?? [] {
                asked.append((index, wanted.place(of: variant.text), variant.rule))
            }
        }
        guard !wanted.texts.isEmpty else { return }
        let found = try matches(wanted)
        for (index, place, variant) in asked where !found[place].isEmpty {
            let workspace = inputs[index].workspace
            for match in found[place] where match.campaign.workspace == workspace {
                var match = match
                match.variant = variant
                inputs[index].candidates.append(match)
            }
        }
    }

    private static let selectMatches = """
        select wanted.key, recipients.id, recipients.campaign_id, recipients.reference,
            recipients.extension, recipients.held_out, touches.kind, touches.at_unix,
            touches.sent_unix
        from json_each(?) as wanted
        cross join recipients on recipients.id in (
            select id from recipients where e164 = wanted.value order by id desc limit ?
        )
        left join touches on touches.recipient_id = recipients.id
            and touches.kind in ('sent', 'delivered')
        """

    /// For each wanted number its recipients, each with the touches that open windows.
    private mutating func matches(_ wanted: Wanted) throws -> [[RecipientMatch]] {
        var found = [[RecipientMatch]](repeating: [], count: wanted.texts.count)
        let statement = try database.cachedStatement(sql: Self.selectMatches)
        let rows = try Row.fetchCursor(statement, arguments: [wanted.json, candidatesMax])
        while let row = try rows.next() {
            let place: Int = row[0]
            let id: Int64 = row[1]
            // The touches of a recipient come one after the other.
            if found[place].last?.recipient.id.number != id {
                guard let campaign = try campaign(row[2]) else { continue }
                let phone = PartyNumber(
                    raw: "",
                    e164: E164(stored: wanted.texts[place]),
                    phoneExtension: row[4],
                    kind: .e164,
                    normaliserVersion: ""
                )
                found[place].append(
                    RecipientMatch(
                        recipient: Recipient(
                            id: RecipientID(id),
                            campaign: campaign.id,
                            reference: row[3],
                            phone: phone,
                            isHeldOut: row[5]
                        ),
                        campaign: campaign,
                        touches: []
                    )
                )
            }
            guard let kind = (row[6] as String?).flatMap({ Touch.Kind(rawValue: $0) }) else {
                continue
            }
            found[place][found[place].count - 1].touches.append(
                Touch(kind: kind, atUnix: row[7], sentUnix: row[8])
            )
        }
        return found
    }

    private mutating func campaign(_ id: Int64) throws -> Campaign? {
        if let known = campaigns[id] { return known }
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "select * from campaigns where id = ?"),
            arguments: [id]
        )
        guard let row else { return nil }
        let campaign = try CallReading.campaign(in: row, database)
        campaigns[id] = campaign
        return campaign
    }

    // MARK: What the agent's number says, and what a person did

    private mutating func addAgentCampaigns(_ inputs: inout [AttributionInput]) throws {
        let statement = try database.cachedStatement(
            sql: """
                select campaign_id from campaign_agent_numbers where e164 = ? order by campaign_id
                """
        )
        var known: [String: [Int64]] = [:]
        for index in inputs.indices {
            guard let number = inputs[index].agentNumber?.text else { continue }
            let ids: [Int64]
            if let found = known[number] {
                ids = found
            } else {
                ids = try Int64.fetchAll(statement, arguments: [number])
                known[number] = ids
            }
            for id in ids {
                guard let campaign = try campaign(id),
                    campaign.workspace == inputs[index].workspace
                else { continue }
                inputs[index].agentCampaigns.append(campaign)
            }
        }
    }

    /// The caller is known by the call of which it was said, so that a new key or an erasure of
    /// callers reaches what was said of them, too.
    private func addStanding(_ ids: String, _ inputs: inout [AttributionInput]) throws {
        let any = try Bool.fetchOne(
            database.cachedStatement(
                sql: """
                    select exists (
                        select 1 from assignments where scope = 'future' and undone_ms is null
                    )
                    """
            )
        )
        guard any == true else { return }
        let statement = try database.cachedStatement(
            sql: """
                select calls.id, assignments.id, assignments.campaign_id,
                    assignments.recipient_id, assignments.person
                from json_each(?) as wanted
                cross join calls on calls.id = wanted.value
                cross join call_parties as party on party.call_id = calls.id
                cross join call_parties as said on said.caller_key = party.caller_key
                cross join assignments on assignments.call_id = said.call_id
                cross join calls as first on first.id = assignments.call_id
                where assignments.scope = 'future' and assignments.undone_ms is null
                and calls.workspace = first.workspace
                and calls.started_unix * 1000 >= assignments.at_ms
                and calls.started_unix < assignments.until_unix
                order by calls.id, assignments.id
                """
        )
        var standing: [Int64: StandingAssignment] = [:]
        let rows = try Row.fetchCursor(statement, arguments: [ids])
        while let row = try rows.next() {
            // The last word counts.
            standing[row[0]] = StandingAssignment(
                id: AssignmentID(row[1]),
                campaign: (row[2] as Int64?).map { CampaignID($0) },
                recipient: (row[3] as Int64?).map { RecipientID($0) },
                person: row[4]
            )
        }
        for index in inputs.indices { inputs[index].standing = standing[inputs[index].call.number] }
    }
}
