package import CallStore
import Foundation
package import PhoneNumbers

/// The columns of a recipients file, and where they stand in it.
package struct RecipientColumns: Sendable, Equatable {
    /// Every column that is known; the order in a file does not matter, and others are ignored.
    package static let names = [
        "campaign", "channel", "recipient", "name", "phone", "sent_at", "delivered_at", "token",
    ]

    /// Those that a file cannot do without.
    package static let needed = ["campaign", "recipient", "phone"]

    private let columns: ImportColumns

    package var fields: [String] { columns.fields }

    /// - Throws: `RecipientsFileError` when a needed column is missing or one stands twice.
    package init(header: [String]) throws(RecipientsFileError) {
        columns = try ImportColumns(header: header, names: Self.names, needed: Self.needed)
        guard columns.has("sent_at") || columns.has("delivered_at") else {
            throw .columnsMissing(["delivered_at"])
        }
    }

    /// A field without the white space around it; empty when the file has no such column.
    package func field(_ name: String, of record: CSVRecord) -> String {
        columns.field(name, of: record)
    }
}

/// Why a recipients file cannot be imported at all.
package enum RecipientsFileError: Error, Equatable, Sendable {
    case columnsMissing([String])
    case columnTwice(String)

    /// It has no header line.
    case empty

    /// A quote that never ends.
    case endlessField(line: Int)
    case unreadable(reason: String)

    /// Most numbers look as if their plus was lost, and nobody has said whether it was.
    case plusUnanswered(share: Double)

    /// The file for the bad rows cannot be written.
    case unwritable(path: String, reason: String)
}

extension RecipientsFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .columnsMissing(let names):
            "the header line has no column \(names.joined(separator: ", "))"
        case .columnTwice(let name): "the header line has the column \(name) twice"
        case .empty:
            "the file is empty; its first line should name the columns"
        case .endlessField(let line): "the quoted field that begins on line \(line) never ends"
        case .unreadable(let reason): "the file cannot be read (\(reason))"
        case .plusUnanswered(let share):
            "\(Int(share * 100)) % of the numbers begin with the country's code and have no plus, "
                + "which a spreadsheet may have dropped; say --add-plus yes or --add-plus no"
        case .unwritable(let path, let reason):
            "\(path), for the rows that are not imported, cannot be written (\(reason))"
        }
    }
}

/// Why one row is not imported.
package enum RecipientProblem: Error, Equatable, Sendable {
    case fieldCount(found: Int, expected: Int)
    case empty(column: String)
    case tooLong(column: String)
    case unknownChannel(String)
    case noChannel(campaign: String)
    case otherChannel(campaign: String, channel: String)
    case unknownCampaign(String)
    case number(NumberClass)
    case time(column: String)
    case noTime
    case deliveredBeforeSent

    /// A few words for the file of bad rows; no number in them.
    package var reason: String {
        switch self {
        case .fieldCount(let found, let expected):
            "has \(found) fields, the header line has \(expected)"
        case .empty(let column): "\(column) is empty"
        case .tooLong(let column): "\(column) is longer than \(RecipientRow.fieldBytesMax) bytes"
        case .unknownChannel(let text): "channel \"\(text)\" is none of mail, sms, email, dm, call"
        case .noChannel(let campaign): "the campaign \"\(campaign)\" is new and has no channel"
        case .otherChannel(let campaign, let channel):
            "the campaign \"\(campaign)\" has the channel \(channel)"
        case .unknownCampaign(let campaign):
            "there is no campaign \"\(campaign)\"; add it, or say --create-campaigns"
        case .number(let kind): "phone is no usable number (\(kind.rawValue))"
        case .time(let column): "\(column) is no time of RFC 3339, such as 2026-10-01T08:00:00Z"
        case .noTime: "neither sent_at nor delivered_at is set, so no call could be credited"
        case .deliveredBeforeSent: "delivered_at lies before sent_at"
        }
    }
}

/// One recipient as the file gives it.
package struct RecipientRow: Sendable, Equatable {
    package static let fieldBytesMax = 200

    package let campaign: String
    package let channel: CampaignChannel?
    package let reference: String
    package let name: String?
    package let phone: PartyNumber
    package let sentUnix: Int64?
    package let deliveredUnix: Int64?
    package let token: String?

    /// Whether its number was read with a plus that the file does not have.
    package let isPlusAdded: Bool

    /// Reads one record.
    ///
    /// - Throws: `RecipientProblem`, the first that is found.
    package init(
        _ record: CSVRecord,
        columns: RecipientColumns,
        numbers: NumberNormalizer,
        region: Region?,
        plus: LostPlus? = nil
    ) throws(RecipientProblem) {
        guard record.fields.count == columns.fields.count else {
            throw .fieldCount(found: record.fields.count, expected: columns.fields.count)
        }
        campaign = try Self.filled("campaign", record, columns)
        reference = try Self.filled("recipient", record, columns)
        channel = try Self.channel(columns.field("channel", of: record))
        let name = columns.field("name", of: record)
        guard name.utf8.count <= Self.fieldBytesMax else { throw .tooLong(column: "name") }
        self.name = name.isEmpty ? nil : name
        let text = try Self.filled("phone", record, columns)
        let mended = plus?.mended(text)
        isPlusAdded = mended != nil
        phone = try Self.phone(mended ?? text, as: text, numbers: numbers, region: region)
        sentUnix = try Self.time("sent_at", record, columns)
        deliveredUnix = try Self.time("delivered_at", record, columns)
        guard sentUnix != nil || deliveredUnix != nil else { throw .noTime }
        if let sentUnix, let deliveredUnix, deliveredUnix < sentUnix {
            throw .deliveredBeforeSent
        }
        let token = columns.field("token", of: record)
        guard token.utf8.count <= Self.fieldBytesMax else { throw .tooLong(column: "token") }
        self.token = token.isEmpty ? nil : token
    }

    /// The number, also where `00` stands for the plus in a region that dials something else.
    ///
    /// Lists are written with `00` everywhere, whatever the region's own prefix is, and no
    /// region has national numbers that begin so; it is tried only where nothing else fits.
    private static func phone(
        _ text: String,
        as raw: String,
        numbers: NumberNormalizer,
        region: Region?
    ) throws(RecipientProblem) -> PartyNumber {
        var reading = numbers.read(text, region: region)
        let digits = text.filter { !" -.()/".contains($0) }
        if reading.e164 == nil, digits.hasPrefix("00") {
            reading = numbers.read("+" + digits.dropFirst(2), region: nil)
        }
        guard reading.e164 != nil else { throw .number(reading.kind) }
        var number = PartyNumber(reading, normaliserVersion: numbers.version)
        number.raw = raw
        return number
    }

    private static func filled(
        _ column: String,
        _ record: CSVRecord,
        _ columns: RecipientColumns
    ) throws(RecipientProblem) -> String {
        let text = columns.field(column, of: record)
        guard !text.isEmpty else { throw .empty(column: column) }
        guard text.utf8.count <= fieldBytesMax else { throw .tooLong(column: column) }
        return text
    }

    private static func channel(_ text: String) throws(RecipientProblem) -> CampaignChannel? {
        guard !text.isEmpty else { return nil }
        guard let channel = CampaignChannel(rawValue: text.lowercased()) else {
            throw .unknownChannel(String(text.prefix(40)))
        }
        return channel
    }

    private static func time(
        _ column: String,
        _ record: CSVRecord,
        _ columns: RecipientColumns
    ) throws(RecipientProblem) -> Int64? {
        let text = columns.field(column, of: record)
        guard !text.isEmpty else { return nil }
        guard let time = RFC3339.unix(text) else { throw .time(column: column) }
        return time
    }

    /// What the campaign did: a sending, a delivery or both.
    package var touches: [Touch] {
        var touches: [Touch] = []
        if let sentUnix { touches.append(Touch(kind: .sent, atUnix: sentUnix)) }
        if let deliveredUnix {
            touches.append(Touch(kind: .delivered, atUnix: deliveredUnix, sentUnix: sentUnix))
        }
        return touches
    }
}
