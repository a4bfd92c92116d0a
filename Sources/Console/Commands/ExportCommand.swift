import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Reports
import Settings
import Traces

extension ExportArguments.Subject: ExpressibleByArgument {}
extension ExportArguments.Dialect: ExpressibleByArgument {}
extension ExportArguments.PhoneStyle: ExpressibleByArgument {}
extension ExportArguments.Profile: ExpressibleByArgument {}
extension ExportArguments.Period: ExpressibleByArgument {}
extension ExportArguments.Channel: ExpressibleByArgument {}

/// `ringback export`.
struct ExportCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Have calls and what they were worth written to a file, by an export job.",
        discussion: """
            The file appears in the folder of RINGBACK_EXPORTS with a manifest beside it; --list \
            shows the files. docs/exports.md describes them.
            """
    )

    @Argument(help: "calls, conversions, campaigns, transcripts or feed.")
    var what = ExportArguments.Subject.calls

    @Option(help: "data (CSV for machines), excel (CSV for spreadsheets) or ndjson.")
    var dialect = ExportArguments.Dialect.data

    @Option(help: "Phone numbers of dialect excel: with an apostrophe, a space, or digits alone.")
    var phones = ExportArguments.PhoneStyle.apostrophe

    @OptionGroup var filter: CallFilterOptions

    @Option(help: "Only this call, by its number in the store; repeatable, up to 1000.")
    var call: [Int64] = []

    @Option(help: "yesterday, last-week or last-month, instead of --from and --to.")
    var period: ExportArguments.Period?

    @Option(help: "For whom a feed is: google, meta or plain.")
    var profile = ExportArguments.Profile.plain

    @Option(help: "Where a feed begins: the mark of an earlier one, or last.")
    var since: String?

    @Option(help: "Put the file into this folder inside the exports folder.")
    var folder: String?

    @Option(help: "Days until the file expires, instead of RINGBACK_RETENTION_EXPORTS.")
    var keepDays: Int?

    @Option(help: "Pass the file on by mail or webhook, to whom the settings name; repeatable.")
    var deliver: [ExportArguments.Channel] = []

    @Flag(help: "Pass a file on though it has no rows.")
    var sendEmpty = false

    @Flag(help: "Write no file when there are no rows.")
    var skipEmpty = false

    @Flag(help: "Show the files that were written instead.")
    var list = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let since, since != "last", Int64(since).map({ $0 < 0 }) ?? true {
            throw ValidationError("--since takes the mark of an earlier feed, or last.")
        }
        guard since == nil || what == .feed else {
            throw ValidationError("--since goes with feed.")
        }
        guard call.count <= CallFilter.idsMax else {
            throw ValidationError("--call may be given \(CallFilter.idsMax) times.")
        }
        guard !sendEmpty || (!deliver.isEmpty && !skipEmpty) else {
            throw ValidationError("--send-empty goes with --deliver, and not with --skip-empty.")
        }
    }

    func run(in session: Session) async throws {
        if list {
            try await session.withStore { store in
                show(try await store.exports(limit: 100), session)
            }
            return
        }
        let arguments = try await session.withStore { store in
            try await self.arguments(in: session, store: store)
        }
        let job = try newJob(arguments, session)
        let call = try EnqueueCallID(session.ambient.newID().uuidString.lowercased())
        try await session.withQueues { queues in
            _ = try await queues[.export].enqueue([job], call: call)
        }
        await session.audit(
            "export.request",
            "job:\(job.id)",
            after: ["what": .text(what.rawValue)]
        )
        if what == .transcripts || what == .calls || what == .conversions {
            session.terminal.complain(
                "ringback: the file will hold personal data"
                    + (what == .transcripts ? ": what people said\n" : "\n")
            )
        }
        if output.json {
            session.terminal.show(
                .fields(
                    ("queue", .text(JobKind.export.rawValue)),
                    ("queued", .bool(true)),
                    ("id", .text(job.id.text)),
                    ("heldBy", .null)
                )
            )
        } else {
            session.terminal.line(
                "queued \(job.id); the file appears in \(session.settings.exportsFolder)"
            )
        }
    }

    private func arguments(
        in session: Session,
        store: CallStore
    ) async throws -> ExportArguments {
        var chosen = try await filter.filter(in: session, store: store)
        if !call.isEmpty { chosen.ids = call.map { CallID($0) } }
        return ExportArguments(
            subject: what,
            dialect: dialect,
            phones: phones,
            filter: chosen,
            period: period,
            profile: profile,
            since: since == "last" ? .last : .cursor(since.flatMap { Int64($0) } ?? 0),
            folder: folder,
            keepDays: keepDays,
            channels: Set(deliver),
            writesEmpty: skipEmpty ? false : sendEmpty ? true : nil,
            person: session.person
        )
    }

    private func newJob(_ arguments: ExportArguments, _ session: Session) throws -> NewJob {
        let payload = arguments.payload
        if let problem = JobArgumentCheck.problem(kind: "export", payload: payload) {
            throw StartFailure(.wrongUse, problem)
        }
        return NewJob(
            id: JobID(kind: .export, ambient: session.ambient),
            kind: JobKind.export.rawValue,
            payload: payload,
            uniqueHorizon: JobKind.export.policy.uniqueHorizon,
            trace: TraceContext.ofNewJob(from: session.ambient).traceparent
        )
    }

    private func show(_ exports: [ExportRecord], _ session: Session) {
        if output.json {
            session.terminal.show(.list(exports.map(Self.json)))
            return
        }
        var table = Table(
            .init("WRITTEN"),
            .init("FILE"),
            .init("ROWS", .right),
            .init("BYTES", .right),
            .init("STATE"),
            .init("BY")
        )
        for export in exports {
            table.add(
                TimeText.iso(milliseconds: export.createdMilliseconds),
                export.fileName,
                "\(export.rows)",
                "\(export.bytes)",
                export.state.rawValue,
                export.createdBy
            )
        }
        session.terminal.write(table.rendered(none: "No exports yet."))
    }

    private static func json(_ export: ExportRecord) -> JSONValue {
        .fields(
            ("what", .text(export.what)),
            ("dialect", .text(export.dialect)),
            ("file", .text(export.fileName)),
            ("manifest", .text(export.manifestName)),
            ("rows", .integer(export.rows)),
            ("bytes", .integer(export.bytes)),
            ("sha256", .text(export.sha256)),
            ("filter", .text(export.filter)),
            ("by", .text(export.createdBy)),
            ("written", .text(TimeText.iso(milliseconds: export.createdMilliseconds))),
            ("expires", .text(TimeText.iso(milliseconds: export.expiresMilliseconds))),
            ("state", .text(export.state.rawValue)),
            ("cursor", export.cursor.map(JSONValue.integer) ?? .null)
        )
    }
}
