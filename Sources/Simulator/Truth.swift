import Crypto

/// What is true about a call: what a client must arrive at.
package struct Truth: Sendable, Equatable {
    package enum Conversion: String, Sendable {
        case booking, success
    }

    package let id: String
    package let status: CallStatus
    package let startedUnix: Int
    package let acceptedUnix: Int?
    package let durationSeconds: Int
    /// The other party's number in E.164, whatever the direction; nil if it cannot be known.
    package let caller: String?
    package let agentNumber: String?
    package let direction: String?
    /// Name of the campaign that caused the call.
    package let campaign: String?
    /// The campaign's own name for the caller.
    package let recipient: String?
    package let conversion: Conversion?
    /// `success`, `failure` or `unknown`, as of now.
    package let verdict: String
    /// What the user gave, 1 to 5.
    package let rating: Int?
    package let turns: Int
    /// SHA-256 of a line `role|second|message` for each turn, in hexadecimal; a turn without a
    /// message has a NUL for it.
    package let turnsDigest: String
    package let scenario: String
    package let language: Language
    package let isDeleted: Bool
    package let isMalformed: Bool

    package init(_ record: CallRecord, in world: World, isMalformed: Bool) {
        let plan = record.plan
        id = plan.identifier
        status = record.status
        startedUnix = plan.start
        acceptedUnix = record.accepted
        durationSeconds = record.durationSeconds
        caller = plan.privacy == .zeroRetention ? nil : record.person?.number.e164
        agentNumber = record.line?.number.e164
        direction = record.direction
        let touch = Self.touch(plan, in: world)
        campaign = touch.map { world.campaigns.all[$0.campaign].name }
        recipient = touch?.reference
        conversion = Self.conversion(record)
        verdict = record.successful.rawValue
        rating = record.feedback?.rating
        let readable = record.readableTurns
        turns = readable.count
        turnsDigest = Self.digest(readable)
        scenario = Self.scenario(plan)
        language = plan.language
        isDeleted = world.isDeleted(plan.index)
        self.isMalformed = isMalformed
    }

    private static func digest(
        _ turns: [(role: String, seconds: Int, message: String?)]
    ) -> String {
        var hash = SHA256()
        for turn in turns {
            let line = "\(turn.role)|\(turn.seconds)|\(turn.message ?? "\u{0}")\n"
            hash.update(data: Array(line.utf8))
        }
        return hash.finalize().map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// Credit goes to inbound telephone calls from a number that a client can see and that stands
    /// in the recipients file.
    private static func touch(_ plan: CallPlan, in world: World) -> Touch? {
        guard case .phone(_, outbound: false, _) = plan.channel, plan.privacy != .zeroRetention,
            case .recipient(let person) = plan.party, !world.recipients.isSpoilt(person: person)
        else { return nil }
        return world.campaigns.credited(person: person, at: plan.start)
    }

    /// The rules of `rules/default.yaml`, applied to what a client can read.
    private static func conversion(_ record: CallRecord) -> Conversion? {
        guard record.status.isFinal else { return nil }
        if record.hasTranscript && record.script.hasBooked { return .booking }
        guard record.hasAnalysis else { return nil }
        if record.showsCriteria && record.verdict.criterion == .success { return .booking }
        guard record.verdict.successful == .success, record.hasTranscript,
            record.script.callerTurnsWithWords >= 2
        else { return nil }
        return .success
    }

    private static func scenario(_ plan: CallPlan) -> String {
        switch plan.privacy {
        case .kept: plan.scenario.rawValue
        case .transcriptDeleted: "deleted_transcript"
        case .zeroRetention: "zero_retention"
        }
    }

    /// A line of `GET /_truth/conversations`.
    package var json: JSON {
        var row: JSON = [
            "id": .string(id), "status": .string(status.rawValue), "startedUnix": .int(startedUnix),
            "durationSeconds": .int(durationSeconds), "caller": JSON(caller),
            "agentNumber": JSON(agentNumber), "direction": JSON(direction),
            "campaign": JSON(campaign), "recipient": JSON(recipient),
            "converted": .bool(conversion != nil), "conversionKind": JSON(conversion?.rawValue),
            "scenario": .string(scenario), "language": .string(language.rawValue),
            "acceptedUnix": JSON(acceptedUnix), "verdict": .string(verdict),
            "rating": JSON(rating), "turns": .int(turns), "turnsSHA256": .string(turnsDigest),
        ]
        if isDeleted { row["deleted"] = true }
        if isMalformed { row["malformed"] = true }
        return row
    }
}

extension CallRecord {
    /// The upstream names a direction only for the telephone.
    var direction: String? {
        guard case .phone(_, let outbound, _) = plan.channel else { return nil }
        return outbound ? "outbound" : "inbound"
    }

    /// Whether the analysis lists criteria and collected data.
    var showsCriteria: Bool {
        hasAnalysis && agent.hasCriteria && plan.privacy != .zeroRetention
    }
}
