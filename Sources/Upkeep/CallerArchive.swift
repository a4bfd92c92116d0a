package import CallStore
package import Foundation
package import PhoneNumbers

/// Writes all that is known of one caller into a ZIP file, to be given to that person.
///
/// `caller.json` (the caller, recipients rows, who was given data), `calls.csv`, `calls/ID.json`
/// with everything of a call, `transcripts/ID.txt`. No file name holds a number.
package struct CallerArchive: Sendable {
    /// Calls that are in memory at once.
    private static let pageSize = 50

    private let store: CallStore

    package init(store: CallStore) {
        self.store = store
    }

    /// Writes the file.
    ///
    /// - Parameters:
    ///   - caller: Whose data.
    ///   - path: A file that does not exist.
    ///   - moment: When, for the file.
    /// - Returns: How many calls are in it.
    /// - Throws: `ArchiveError`, `StoreError`; what was written of the file is removed then.
    package func write(
        _ caller: CallerIdentity,
        to path: String,
        at moment: Date
    ) async throws -> Int {
        let zip = try ZipFile(path: path, at: moment)
        do {
            let count = try await fill(zip, with: caller, at: moment)
            try zip.finish()
            return count
        } catch {
            unlink(path)
            throw error
        }
    }

    private func fill(
        _ zip: ZipFile,
        with caller: CallerIdentity,
        at moment: Date
    ) async throws -> Int {
        var table = Self.line([
            "conversation", "started_at", "duration_seconds", "direction", "agent", "status",
            "outcome", "campaign", "conversion", "language", "summary",
        ])
        var last: CallID?
        var count = 0
        repeat {
            let calls = try await store.calls(of: caller, after: last, limit: Self.pageSize)
            for call in calls {
                let campaign = try await campaign(of: call)
                let id = call.record.identity.conversationID
                table += Self.line(Self.row(call, campaign: campaign))
                let tags = try await store.tags(of: call.id)
                try zip.add("calls/\(id).json", try Self.json(Self.document(call, campaign, tags)))
                try zip.add("transcripts/\(id).txt", Data(Self.text(call).utf8))
            }
            count += calls.count
            last = calls.count < Self.pageSize ? nil : calls.last?.id
        } while last != nil
        try zip.add("calls.csv", Data(table.utf8))
        try zip.add("caller.json", try Self.json(try await summary(caller, at: moment)))
        return count
    }

    private func campaign(of call: Call) async throws -> String? {
        guard let id = call.attribution?.decision.campaign else { return nil }
        return try await store.campaign(id)?.name
    }

    private func summary(_ identity: CallerIdentity, at moment: Date) async throws -> StoredValue {
        let caller = try await store.caller(identity)
        let recipients = caller.recipients.map { recipient in
            StoredValue.object([
                "campaign": .text(recipient.campaign), "reference": .text(recipient.reference),
                "name": Self.optional(recipient.name),
                "touches": .list(
                    recipient.touches.map { touch in
                        .object([
                            "kind": .text(touch.kind.rawValue), "at": Self.time(touch.atUnix),
                        ])
                    }
                ),
            ])
        }
        let sent = try await store.dataRecipients(of: identity).map { recipient in
            StoredValue.object([
                "kind": .text(recipient.kind), "person": .text(recipient.person),
                "at": Self.time(recipient.atMilliseconds / 1000), "what": .text(recipient.what),
            ])
        }
        return .object([
            "number": .text(identity.text), "calls": .integer(Int64(caller.calls)),
            "first": caller.firstStartedUnix.map(Self.time) ?? .null,
            "last": caller.lastStartedUnix.map(Self.time) ?? .null,
            "conversions": .integer(Int64(caller.conversions)),
            "campaigns": .list(caller.credits.map { .text($0.name) }),
            "recipients": .list(recipients), "dataGivenTo": .list(sent),
            "writtenAt": Self.time(Int64(moment.timeIntervalSince1970)),
        ])
    }

    // MARK: One call

    private static func row(_ call: Call, campaign: String?) -> [String] {
        let record = call.record
        return [
            record.identity.conversationID, record.startedUnix.map(iso) ?? "",
            record.durationSeconds.map(String.init) ?? "", record.direction?.rawValue ?? "",
            record.agentName ?? record.agentID, record.status.word,
            record.callSuccessful ?? "pending", campaign ?? "",
            call.conversion?.outcome.rawValue ?? "", record.language ?? "", record.summary ?? "",
        ]
    }

    private static func document(
        _ call: Call,
        _ campaign: String?,
        _ tags: [CallTag]
    ) -> StoredValue {
        let record = call.record
        let caller = record.caller
        return .object([
            "conversation": .text(record.identity.conversationID),
            "agent": .text(record.agentID), "agentName": optional(record.agentName),
            "status": .text(record.status.word),
            "started": record.startedUnix.map(time) ?? .null,
            "durationSeconds": record.durationSeconds.map { .integer(Int64($0)) } ?? .null,
            "direction": optional(record.direction?.rawValue),
            "number": optional(caller?.e164?.text), "numberAsReceived": optional(caller?.raw),
            "extension": optional(caller?.phoneExtension), "address": optional(caller?.sipUser),
            "user": optional(record.userID),
            "language": optional(record.language), "outcome": optional(record.callSuccessful),
            "title": optional(record.title), "summary": optional(record.summary),
            "sentiment": optional(record.sentiment),
            "rating": record.rating.map { .number($0) } ?? .null,
            "feedback": optional(record.feedbackComment),
            "criteria": .list((record.criteria ?? []).map(criterion)),
            "collected": .object(
                Dictionary(
                    (record.collected ?? []).map { ($0.id, $0.value) },
                    uniquingKeysWith: { _, last in last }
                )
            ),
            "variables": .object(record.dynamicVariables ?? [:]),
            "campaign": optional(campaign),
            "attribution": optional(call.attribution?.decision.method.rawValue),
            "conversion": optional(call.conversion?.outcome.rawValue),
            "conversionType": optional(call.conversion?.type),
            "tags": .list(tags.map { .text($0.text) }),
            "transcript": .list(call.transcript.map(turn)),
        ])
    }

    private static func criterion(_ criterion: CriterionResult) -> StoredValue {
        .object([
            "id": .text(criterion.id), "result": .text(criterion.result),
            "rationale": optional(criterion.rationale),
        ])
    }

    private static func turn(_ turn: Turn) -> StoredValue {
        .object([
            "speaker": .text(turn.speaker.rawValue), "seconds": .integer(Int64(turn.secondsIn)),
            "message": optional(turn.message),
            "tools": .list(
                turn.toolCalls.map { call in
                    .object(["name": .text(call.name), "arguments": .text(call.arguments)])
                }
            ),
        ])
    }

    private static func text(_ call: Call) -> String {
        call.transcript.compactMap { turn in
            turn.message.map { "[\(turn.secondsIn) s] \(turn.speaker.rawValue): \($0)\n" }
        }
        .joined()
    }

    // MARK: Forms

    private static func json(_ value: StoredValue) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// A line of CSV as RFC 4180 has it.
    private static func line(_ cells: [String]) -> String {
        cells.map { cell in
            guard cell.contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else {
                return cell
            }
            return "\"" + cell.replacing("\"", with: "\"\"") + "\""
        }
        .joined(separator: ",") + "\r\n"
    }

    private static func optional(_ text: String?) -> StoredValue { text.map { .text($0) } ?? .null }

    private static func time(_ unix: Int64) -> StoredValue { .text(iso(unix)) }

    private static func iso(_ unix: Int64) -> String {
        Date(timeIntervalSince1970: TimeInterval(unix)).formatted(.iso8601)
    }
}
