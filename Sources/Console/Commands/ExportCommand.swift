import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Settings
import Traces

/// `ringback export`.
struct ExportCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Have calls written to a CSV file with a manifest, by an export job.",
        discussion: "The file appears in the folder of RINGBACK_EXPORTS; --list shows the files."
    )

    @Argument(help: "calls.")
    var what = "calls"

    @OptionGroup var filter: CallFilterOptions

    @Flag(help: "Show the files that were written instead.")
    var list = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard ExportArguments.Subject(rawValue: what) != nil else {
            let known = ExportArguments.Subject.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(what)\" cannot be exported; there is: \(known).")
        }
    }

    func run(in session: Session) async throws {
        if list {
            try await session.withStore { store in
                show(try await store.exports(limit: 100), session)
            }
            return
        }
        let job = try await session.withStore { store in
            try await self.job(in: session, store: store)
        }
        let call = try EnqueueCallID(session.ambient.newID().uuidString.lowercased())
        try await session.withQueues { queues in
            _ = try await queues[.export].enqueue([job], call: call)
        }
        await session.audit("export.request", "job:\(job.id)", after: ["what": .text(what)])
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

    private func job(in session: Session, store: CallStore) async throws -> NewJob {
        var fields = ["what=\(what)", "by=\(session.person)"]
        let filter = try await filter.filter(in: session, store: store)
        if let from = filter.fromUnix { fields.append("from=\(from)") }
        if let to = filter.toUnix { fields.append("to=\(to)") }
        if let agent = filter.agentID { fields.append("agent=\(agent)") }
        if let status = filter.status { fields.append("status=\(status)") }
        if let outcome = filter.outcome { fields.append("outcome=\(outcome)") }
        if let conversion = filter.conversion { fields.append("conversion=\(conversion.rawValue)") }
        switch filter.campaign {
        case .one(let id): fields.append("campaign=\(id)")
        case .unattributed: fields.append("campaign=none")
        case nil: break
        }
        let payload = try ArgumentText.payload(fields)
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
            ("file", .text(export.fileName)),
            ("manifest", .text(export.manifestName)),
            ("rows", .integer(export.rows)),
            ("bytes", .integer(export.bytes)),
            ("sha256", .text(export.sha256)),
            ("filter", .text(export.filter)),
            ("by", .text(export.createdBy)),
            ("written", .text(TimeText.iso(milliseconds: export.createdMilliseconds))),
            ("expires", .text(TimeText.iso(milliseconds: export.expiresMilliseconds))),
            ("state", .text(export.state.rawValue))
        )
    }
}
