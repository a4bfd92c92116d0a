import Attribution
import CallStore
import Foundation
import PhoneNumbers

/// The golden set: hand-written campaigns, recipients, touches and calls, and what must be decided
/// of each call, with the reason in words.
enum GoldenFiles {
    /// One row, by column.
    struct Row: Sendable {
        let fields: [String: String]

        subscript(_ column: String) -> String { fields[column] ?? "" }

        /// Nil where the field is empty.
        func text(_ column: String) -> String? { self[column].isEmpty ? nil : self[column] }

        func unix(_ column: String) -> Int64? { RFC3339.unix(self[column]) }
    }

    static func rows(_ name: String) throws -> [Row] {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Golden/\(name).csv").path(percentEncoded: false)
        var reader = CSVReader()
        var records = try reader.read(try Data(contentsOf: URL(filePath: path)))
        if let last = try reader.finish() { records.append(last) }
        let header = records.removeFirst().fields
        return records.map { record in
            Row(
                fields: Dictionary(
                    zip(header, record.fields),
                    uniquingKeysWith: { first, _ in first }
                )
            )
        }
    }

    /// Brings campaigns, recipients and touches into a store.
    static func load(into bench: AttributionBench, _ numbers: NumberNormalizer) async throws {
        for row in try rows("campaigns") {
            // A status holds from the moment in which it is written.
            if let since = row.unix("status_since") { bench.clock.set(unix: since) }
            try await bench.store.write { writer in
                let id = try writer.add(
                    NewCampaign(
                        name: row["name"],
                        channel: CampaignChannel(rawValue: row["channel"]) ?? .mail,
                        windowDays: Int(row["window"]),
                        startsUnix: row.unix("starts"),
                        endsUnix: row.unix("ends"),
                        upstreamCampaignID: row.text("upstream_campaign"),
                        batchCallID: row.text("batch_call"),
                        agentNumbers: row.text("agent_number").flatMap { E164(stored: $0) }
                            .map { [$0] } ?? []
                    )
                )
                guard var campaign = try writer.campaign(id) else { return }
                campaign.status = CampaignStatus(rawValue: row["status"]) ?? .running
                campaign.windows = row["windows"].split(separator: " ").map { span in
                    let parts = span.split(separator: ":")
                    return WindowSpan(fromUnix: Int64(parts[0]) ?? 0, days: Int(parts[1]) ?? 0)
                }
                try writer.update(campaign)
            }
        }
        for row in try rows("recipients") {
            let reading = numbers.read(row["phone"], region: Region("US"))
            try await bench.store.write { writer in
                guard let campaign = try writer.campaign(named: row["campaign"]) else { return }
                let recipient = try writer.add(
                    NewRecipient(
                        campaign: campaign.id,
                        reference: row["recipient"],
                        phone: PartyNumber(reading, normaliserVersion: numbers.version),
                        token: row.text("token"),
                        isHeldOut: row["held_out"] == "yes"
                    )
                )
                let sent = row.unix("sent_at")
                if let sent { try writer.add(Touch(kind: .sent, atUnix: sent), of: recipient) }
                if let at = row.unix("delivered_at") {
                    let touch = Touch(kind: .delivered, atUnix: at, sentUnix: sent)
                    try writer.add(touch, of: recipient)
                }
            }
        }
        for row in try rows("touches") {
            try await bench.store.write { writer in
                guard let campaign = try writer.campaign(named: row["campaign"]) else { return }
                let touch = Touch(
                    kind: Touch.Kind(rawValue: row["kind"]) ?? .scan,
                    atUnix: row.unix("at") ?? 0,
                    token: row.text("token")
                )
                let recipient = try writer.recipient(
                    reference: row["recipient"],
                    of: campaign.id
                )
                if let recipient {
                    try writer.add(touch, of: recipient.id)
                } else {
                    try writer.add(touch, of: campaign.id)
                }
            }
        }
    }

    /// Records one call as the sync would, and what a person said of it.
    static func record(
        _ row: Row,
        in bench: AttributionBench,
        _ numbers: NumberNormalizer
    ) async throws -> CallID {
        let region = Region(row["region"])
        let call = try await bench.record(row["id"]) { record in
            record.startedUnix = row.unix("started")
            record.direction = CallDirection(rawValue: row["direction"])
            record.channel = CallChannel(rawValue: row["channel"])
            record.caller =
                row["caller"] == "-"
                ? nil
                : PartyNumber(
                    numbers.read(row["caller"], region: region),
                    normaliserVersion: numbers.version
                )
            if let agent = row.text("agent_number") {
                record.agentNumber = PartyNumber(
                    numbers.read(agent, region: region),
                    normaliserVersion: numbers.version
                )
            }
            record.batchCallID = row.text("batch_call")
            record.upstreamCampaignID = row.text("upstream_campaign")
            record.batchRecipientID = row.text("batch_recipient")
            var variables: [String: StoredValue] = [:]
            for pair in row["variables"].split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                variables[String(parts[0])] = .text(String(parts[1]))
            }
            record.dynamicVariables = variables.isEmpty ? nil : variables
        }
        if let said = row.text("by_hand") {
            let words = said.dropFirst("pin:".count).split(separator: "/").map(String.init)
            try await bench.store.write { writer in
                let campaign = try writer.campaign(named: words[0])
                var recipient: RecipientID?
                if let campaign, words.count > 1 {
                    recipient = try writer.recipient(reference: words[1], of: campaign.id)?.id
                }
                try writer.pin(
                    call,
                    ManualPin(campaign: campaign?.id, recipient: recipient, person: "ana")
                )
            }
        }
        return call
    }
}
