import Ambient
import Attribution
import CallStore
import Foundation
import Hummingbird
import Reports

/// Lists of recipients, brought in with the checks of the command line.
enum ImportEndpoints {
    static var all: [Endpoint] { [recipients] }

    /// Bytes of a list; a larger one is for the command line, which shows how far it is.
    private static let bytesMax = 8 * 1_024 * 1_024

    /// Bytes of rejected rows, and of those held out, that an answer holds.
    private static let rowsBytesMax = 256 * 1_024

    /// The part of a form that is the list.
    private static let listName = "file"

    /// What JavaScript's numbers hold, too.
    private static let seeds = -9_007_199_254_740_991...9_007_199_254_740_991

    private static let form: Schema = {
        let fields: [(String, Schema)] = [
            ("dryRun", .bool), ("addPlus", .word(PlusAnswer.self)), ("createCampaigns", .bool),
            ("region", .text), ("holdout", .text), ("seed", .integer(seeds)),
        ]
        return .object(
            [.init(name: listName, schema: .text, isRequired: true)]
                + fields.map { .init(name: $0.0, schema: $0.1, isRequired: false) }
        )
    }()

    private enum PlusAnswer: String, CaseIterable {
        case yes
        case no
    }

    private static let example = Schema.fields(
        ("text", .optional(.text)),
        ("without", .optional(.text)),
        ("with", .optional(.text))
    )

    private static let recipients = Endpoint(
        method: .post,
        path: "/api/v1/recipients/import",
        summary: "Import a CSV list of recipients; a second import of it changes nothing.",
        query: [
            .init(name: "dryRun", schema: .bool, meaning: "Only say what would be done."),
            .init(
                name: "addPlus",
                schema: .word(PlusAnswer.self),
                meaning: "Whether numbers that begin with the country's code get a plus."
            ),
            .init(
                name: "createCampaigns",
                schema: .bool,
                meaning: "Add the campaigns that the list names and the store does not have."
            ),
            .init(
                name: "region",
                schema: .text,
                meaning: "Region of numbers without a country code, two letters."
            ),
            .init(
                name: "holdout",
                schema: .text,
                meaning: "Share of recipients that is kept out to compare with, such as 10%."
            ),
            .init(
                name: "seed",
                schema: .integer(seeds),
                meaning: "What the held-out recipients are drawn from; goes with holdout."
            ),
        ],
        body: .text,
        bodyTypes: ["text/csv", "text/plain"],
        form: form,
        answer: .fields(
            ("dryRun", .bool),
            ("rows", .count),
            ("imported", .count),
            ("rejected", .count),
            ("repeated", .count),
            ("touches", .count),
            ("campaignsCreated", .count),
            ("duplicates", .count),
            ("acrossCampaigns", .count),
            ("variantPairs", .count),
            ("withoutPlus", .count),
            ("asksForPlus", .bool),
            ("plusAdded", .count),
            ("examples", .list(example)),
            ("rejectedRows", .optional(.text)),
            ("rejectedRowsAreAll", .bool),
            ("heldOut", .count),
            ("heldOutRows", .optional(.text)),
            ("heldOutRowsAreAll", .bool)
        )
    ) { ask in
        let (query, bytes) = try await sent(ask)
        let isDryRun = try query.flag("dryRun")
        let createsCampaigns = try query.flag("createCampaigns")
        let answer = try query.word("addPlus", as: PlusAnswer.self)
        let region = try query.text("region", lengthMax: 2)?.uppercased()
        guard region.map({ $0.wholeMatch(of: /[A-Z]{2}/) != nil }) ?? true else {
            throw APIError(.badRequest, "region must have two letters.")
        }
        let holdout = try holdout(of: query)
        let showNumbers = try ask.showsNumbers()
        guard !bytes.isEmpty else {
            throw APIError(.refused, "The list is empty; its first line should name the columns.")
        }
        func task(_ addsPlus: Bool?) -> RecipientsImport {
            RecipientsImport(
                store: ask.parts.store,
                region: region ?? ask.parts.places.region,
                createsCampaigns: createsCampaigns,
                isDryRun: isDryRun,
                addsPlus: addsPlus,
                holdout: holdout,
                person: ask.person
            )
        }
        return try await withList(bytes) { path in
            let survey = try await task(nil).survey(path)
            var addsPlus = answer.map { $0 == .yes }
            if addsPlus == nil, survey.asksForPlus {
                // A preview shows what would be asked, and goes on without a plus.
                guard isDryRun else { throw question(survey, showNumbers) }
                addsPlus = false
            }
            let report = try await task(addsPlus).run(path, survey: survey)
            if !isDryRun { try await note(report, ask) }
            return .json(json(report, survey, isDryRun, showNumbers))
        }
    }

    /// What is asked for and the list: of the address and the body, or of a form.
    private static func sent(_ ask: Ask) async throws(APIError) -> (Query, [UInt8]) {
        let isForm = MultipartForm.isSent(with: ask.request)
        let bytes = try await RequestBody.read(
            ask.request,
            upTo: bytesMax + (isForm ? MultipartForm.Limits.frameBytesMax : 0),
            ask.parts.ambient
        )
        guard isForm else { return (ask.query, bytes) }
        let form = try MultipartForm(bytes, of: ask.request)
        let list = try form.file(listName)
        guard list.count <= bytesMax else {
            throw APIError(.tooLarge, "The list may have \(bytesMax) bytes.")
        }
        return (ask.query.adding(try form.fields(without: listName)), list)
    }

    /// Who is kept out; nil for nobody.
    private static func holdout(of query: Query) throws(APIError) -> Holdout? {
        let text = try query.text("holdout", lengthMax: 16)
        let seed = try query.text("seed", lengthMax: 20)
            .flatMap { _ throws(APIError) in try query.integer("seed", in: seeds) }
        guard (text == nil) == (seed == nil) else {
            throw APIError(
                .badRequest,
                "holdout and seed go together: the draw is repeatable."
            )
        }
        guard let text, let seed else { return nil }
        guard let share = Holdout.share(text),
            let holdout = Holdout(share: share, seed: Int64(seed))
        else { throw APIError(.badRequest, "holdout takes a share over 0 and below 100%.") }
        return holdout
    }

    /// Runs a body with a file of its own, which goes whatever happens: numbers stand in it.
    private static func withList(
        _ bytes: [UInt8],
        _ body: (_ path: String) async throws -> Response
    ) async throws -> Response {
        // The system chooses a name that nobody has, and makes it for its owner alone.
        let wanted = FileManager.default.temporaryDirectory.path + "/ringback-import-XXXXXX"
        var template = wanted.utf8CString.map { $0 }
        guard mkdtemp(&template) != nil else {
            throw APIError(.overloaded, "There is no room for the list now; send it again.")
        }
        let folder = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        let answer: Result<Response, any Error>
        do {
            let path = folder + "/list.csv"
            try Data(bytes).write(to: URL(filePath: path))
            answer = .success(try await body(path))
        } catch let error as RecipientsFileError {
            answer = .failure(APIError(.refused, "The list cannot be imported: \(error)."))
        } catch {
            answer = .failure(error)
        }
        try FileManager.default.removeItem(atPath: folder)
        return try answer.get()
    }

    /// The refusal of a list whose numbers may have lost their plus, with what that would change.
    private static func question(_ survey: RecipientsSurvey, _ showNumbers: Bool) -> APIError {
        var error = APIError(
            .conflict,
            "\(Int(survey.share * 100)) % of the numbers begin with the country's code and have no "
                + "plus, which a spreadsheet may have dropped; send addPlus=yes or addPlus=no."
        )
        error.members = [
            .init(name: "withoutPlus", value: .count(survey.withoutPlus)),
            .init(name: "examples", value: examples(survey, showNumbers)),
        ]
        return error
    }

    private static func examples(_ survey: RecipientsSurvey, _ showNumbers: Bool) -> JSONValue {
        func shown(_ text: String?) -> JSONValue {
            .optional(CallSummary.number(text, showNumbers: showNumbers))
        }
        return .list(
            survey.examples.map { example in
                .fields(
                    ("text", shown(example.text)),
                    ("without", shown(example.without)),
                    ("with", shown(example.with))
                )
            }
        )
    }

    private static func note(_ report: RecipientsReport, _ ask: Ask) async throws {
        let note = AuditNote(
            actor: ask.person,
            action: "recipients.import",
            object: "recipients",
            after: report.noted
        )
        _ = try await ask.parts.store.write { try $0.audit(note) }
    }

    private static func json(
        _ report: RecipientsReport,
        _ survey: RecipientsSurvey,
        _ isDryRun: Bool,
        _ showNumbers: Bool
    ) -> JSONValue {
        let rejected = rows(of: report.rejectedFile)
        let heldOut = rows(of: report.heldOutFile)
        return .object(
            report.figures.map { .init(name: $0.name, value: .count($0.count)) } + [
                .init(name: "dryRun", value: .bool(isDryRun)),
                .init(name: "withoutPlus", value: .count(survey.withoutPlus)),
                .init(name: "asksForPlus", value: .bool(survey.asksForPlus)),
                .init(name: "examples", value: examples(survey, showNumbers)),
                .init(name: "rejectedRows", value: .optional(rejected.text)),
                .init(name: "rejectedRowsAreAll", value: .bool(rejected.areAll)),
                .init(name: "heldOutRows", value: .optional(heldOut.text)),
                .init(name: "heldOutRowsAreAll", value: .bool(heldOut.areAll)),
            ]
        )
    }

    /// The rows of a file beside the list, as many as an answer holds.
    private static func rows(of file: String?) -> (text: String?, areAll: Bool) {
        let all = file.flatMap { FileManager.default.contents(atPath: $0) }
        let shown = all?.prefix(rowsBytesMax)
        return (shown.map { String(decoding: $0, as: UTF8.self) }, shown?.count == all?.count)
    }
}
