import CallStore
import Foundation
import Hummingbird
import Reports

/// What people note on days, to be seen on the charts.
enum NoteEndpoints {
    static var all: [Endpoint] { [list, add, remove] }

    private static let textRange = 1...200

    private static let note = Schema.fields(
        ("id", .identifier),
        ("day", .day),
        ("campaign", .optional(.identifier)),
        ("text", .text),
        ("person", .text),
        ("at", .instant)
    )

    private static func json(_ note: DayNote) -> JSONValue {
        .fields(
            ("id", .integer(note.id)),
            ("day", .text(note.day.description)),
            ("campaign", note.campaign.map { .integer($0.number) } ?? .null),
            ("text", .text(note.text)),
            ("person", .text(note.person)),
            ("at", .text(ISOTime.text(milliseconds: note.atMilliseconds)))
        )
    }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/notes",
        summary: "Notes on days, oldest first; the newest \(WebLimits.pageMax) of them.",
        query: [
            .init(name: "from", schema: .day, meaning: "First day."),
            .init(name: "to", schema: .day, meaning: "Last day."),
            .init(
                name: "campaign",
                schema: .identifier,
                meaning: "Its notes beside those of every chart."
            ),
        ],
        answer: .fields(("items", .list(note)))
    ) { ask in
        let query = ask.query
        let campaign = try query.integer("campaign", in: 1...Int.max)
        let notes = try await ask.parts.store.dayNotes(
            from: try day(query.text("from"), "from"),
            to: try day(query.text("to"), "to") ?? LocalDay(year: 9999, month: 12, day: 31),
            campaign: campaign.map { CampaignID(Int64($0)) },
            limit: WebLimits.pageMax
        )
        return .json(.fields(("items", .list(notes.map { json($0) }))))
    }

    private static func day(_ text: String?, _ name: String) throws(APIError) -> LocalDay? {
        guard let text else { return nil }
        guard let day = LocalDay(text) else {
            throw APIError(.badRequest, "\(name) must be a day such as 2026-05-31.")
        }
        return day
    }

    private struct Sent: Decodable {
        var day: String
        var text: String
        var campaign: Int64?
    }

    private static let add = Endpoint(
        method: .post,
        path: "/api/v1/notes",
        summary: "Note something on a day, of every chart or of one campaign's.",
        body: .sent(
            [("day", .day), ("text", .bounded(textRange))],
            optional: [("campaign", .identifier)]
        ),
        answer: .fields(("id", .identifier)),
        status: .created
    ) { ask in
        let sent = try await ask.body(Sent.self)
        let text = sent.text.trimmingCharacters(in: .whitespacesAndNewlines)
        try APIError.check(text, "text", in: textRange)
        guard let day = try day(sent.day, "day") else {
            throw APIError(.badRequest, "day is needed.")
        }
        if let campaign = sent.campaign {
            let id = CampaignID(campaign)
            guard campaign > 0, try await ask.parts.store.campaign(id) != nil else {
                throw APIError(.refused, "There is no campaign \(campaign).")
            }
        }
        let (person, campaign) = (ask.person, sent.campaign.map { CampaignID($0) })
        let id = try await ask.parts.store.write {
            try $0.noteDay(day, text, campaign: campaign, by: person)
        }
        return .json(.fields(("id", .integer(id))), status: .created)
    }

    private static let remove = Endpoint(
        method: .delete,
        path: "/api/v1/notes/{id}",
        summary: "Remove a note.",
        status: .noContent
    ) { ask in
        let (id, person) = (try ask.number("id", "note"), ask.person)
        guard try await ask.parts.store.write({ try $0.removeDayNote(id, by: person) }) else {
            throw APIError(.notFound, "There is no such note.")
        }
        return Response(status: .noContent)
    }
}
