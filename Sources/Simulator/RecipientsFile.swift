package import NIOCore

/// One row of the recipients file, and what is true about it.
package struct RecipientRow: Sendable, Equatable {
    package let campaign: String
    package let channel: CampaignChannel
    package let reference: String
    package let name: String
    /// As the file spells it.
    package let phone: String
    package let sentAt: String
    /// Empty where the delivery is not known.
    package let deliveredAt: String
    package let sent: Int
    package let delivered: Int?
    /// The number meant; nil where the row's number is spoilt.
    package let e164: String?
    package let person: Int
    /// A second row for the same contact, perhaps with another spelling.
    package let isDuplicate: Bool
}

/// Renders the recipients file row by row, always in the same shuffled order.
package struct RecipientsFile: Sendable {
    private let seed: UInt64
    private let campaigns: Campaigns
    private let people: People

    package static let header = "campaign,channel,recipient,name,phone,sent_at,delivered_at"

    /// Share of the people who never call whose number nobody could dial.
    private static let spoiltShare = 0.02
    /// Share of the rows that stand in the file twice.
    private static let duplicateShare = 0.01

    init(seed: UInt64, campaigns: Campaigns, people: People) {
        self.seed = seed
        self.campaigns = campaigns
        self.people = people
    }

    /// Calls `body` with every row, in the file's order.
    package func forEachRow(_ body: (RecipientRow) throws -> Void) rethrows {
        let count = campaigns.peopleCount
        // A stride that shares no factor with the count visits everybody once.
        var stride = 7_368_787 % count | 1
        while Self.greatestCommonDivisor(stride, count) != 1 { stride += 2 }
        for position in 0..<count {
            for row in rows(ofPerson: (position * stride + count / 3) % count) { try body(row) }
        }
    }

    /// The rows of one person: one for each contact, and now and then one twice.
    package func rows(ofPerson index: Int) -> [RecipientRow] {
        let person = people.recipient(index)
        var draw = Draw(seed: seed, stream: .spelling, index: index)
        let spoilt = isSpoilt(index, by: &draw)
        var rows: [RecipientRow] = []
        for touch in campaigns.touches(ofPerson: index) {
            let copies = draw.chance(Self.duplicateShare) ? 2 : 1
            let offset = draw.weighted([(0, 90), (-5, 6), (1, 4)])
            for copy in 0..<copies {
                rows.append(
                    RecipientRow(
                        campaign: campaigns.all[touch.campaign].name,
                        channel: campaigns.all[touch.campaign].channel,
                        reference: touch.reference,
                        name: person.name,
                        phone: spoilt
                            ? draw.pick(Self.spoiltNumbers) : person.number.spelled(by: &draw),
                        sentAt: CivilTime.timestamp(touch.sent, offsetHours: offset),
                        deliveredAt: touch.delivered.map {
                            CivilTime.timestamp($0, offsetHours: offset)
                        } ?? "",
                        sent: touch.sent,
                        delivered: touch.delivered,
                        e164: spoilt ? nil : person.number.e164,
                        person: index,
                        isDuplicate: copy > 0
                    )
                )
            }
        }
        return rows
    }

    /// Whether the rows of a person hold no number that a call could come from.
    func isSpoilt(person index: Int) -> Bool {
        var draw = Draw(seed: seed, stream: .spelling, index: index)
        return isSpoilt(index, by: &draw)
    }

    private func isSpoilt(_ index: Int, by draw: inout Draw) -> Bool {
        let drop = campaigns.drops[campaigns.drop(ofPerson: index)]
        return !drop.callers.contains(index) && draw.chance(Self.spoiltShare)
    }

    private static let spoiltNumbers = [
        "", "n/a", "12345", "unknown", "+1 415 55", "call office", "555-0100 or 555-0101",
        "4.155E+09", "-", "+999 123 4567",
    ]

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }
}

extension RecipientRow {
    /// The row as RFC 4180 has it.
    package func writeCSV(into buffer: inout ByteBuffer) {
        let fields = [
            campaign, channel.rawValue, reference, name, phone, sentAt, deliveredAt,
        ]
        buffer.writeString(fields.map(Self.quoted).joined(separator: ","))
        buffer.writeStaticString("\r\n")
    }

    private static func quoted(_ field: String) -> String {
        let special = field.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
        guard special || field.hasPrefix(" ") || field.hasSuffix(" ") else { return field }
        return "\""
            + field.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }
}
