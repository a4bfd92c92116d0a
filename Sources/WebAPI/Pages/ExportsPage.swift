import CallJobs
import CallStore
import Export
import Foundation
import JobQueue
import Scheduling
import Telemetry

extension PageDesk {
    /// The files that were written, those on their way, those of schedules, and a way to ask for
    /// another.
    func exports(_ query: PageQuery) async throws -> Page {
        let exports = try await store.exports(limit: WebLimits.pageRows)
        var view: View = [
            "rows": exports.map { export -> View in
                [
                    "id": "\(export.id)", "file": export.fileName, "what": export.what,
                    "dialect": Self.dialect(export.dialect),
                    "rows": PageWords.count(Int(export.rows)),
                    "bytes": Self.bytes(export.bytes), "filter": export.filter,
                    "created": words.time(export.createdMilliseconds / 1_000),
                    "by": export.createdBy, "isThere": export.state == .finished,
                    "expires": words.time(export.expiresMilliseconds / 1_000),
                    "href": "/api/v1/exports/\(export.jobID)/file",
                    "manifestHref": "/api/v1/exports/\(export.jobID)/manifest",
                    "path": "exports/\(export.jobID)",
                    "digest": String(export.sha256.prefix(12)),
                ]
            },
            "isEmpty": exports.isEmpty, "onTheirWay": onTheirWay(query),
        ]
        view.merge(try await open()) { $1 }
        view.merge(try await schedules(of: .export)) { $1 }
        return Page(template: .exports, title: "Exports", view: view)
    }

    /// The format as the form above the files names it.
    private static func dialect(_ name: String) -> String {
        switch name {
        case "data": "CSV"
        case "excel": "CSV for Excel"
        case "ndjson": "NDJSON"
        default: name
        }
    }

    /// What the queue of exports holds, in words.
    private func onTheirWay(_ query: PageQuery) -> View {
        let name = JobKind.export.queue.text
        guard let queue = live.depths.queues.first(where: { $0.name == name }) else { return [:] }
        return [
            "href": query.link("/queues/\(name)"),
            "text": Self.onTheirWay(running: queue.running, ready: queue.ready),
        ]
    }

    /// How many of the queue are being written, and how many wait.
    static func onTheirWay(running: Int, ready: Int) -> String {
        guard running + ready > 0 else { return "No export is on its way." }
        return "\(PageWords.count(running)) \(running == 1 ? "is" : "are") being written, "
            + "\(PageWords.count(ready)) \(ready == 1 ? "waits" : "wait")."
    }

    static func bytes(_ count: Int64) -> String {
        switch count {
        case ..<1_024: "\(count) B"
        case ..<1_048_576: String(format: "%.1f KB", Double(count) / 1_024)
        default: String(format: "%.1f MB", Double(count) / 1_048_576)
        }
    }

    // MARK: On their way

    /// Exports of each state that are listed.
    private static let openMax = 20

    /// Where an export can be before its file is there, as the page names it.
    private static let openStates: [(state: JobState, label: String)] = [
        (.running, "being written"), (.ready, "waits"), (.suspect, "waits"),
        (.later, "waits for a time"), (.dead, "given up"),
    ]

    /// Exports without a file yet, and how far they are.
    private func open() async throws -> View {
        let queue = parts.queues.first { $0.name == JobKind.export.queue }
        guard let queue, live.depths.downSinceUnix == nil else { return [:] }
        let reaches = ExportReach.all(in: parts.places.exportsFolder)
        var rows: [View] = []
        for (state, label) in Self.openStates {
            let page = await within(parts.figureMax, parts.ambient) {
                try await queue.jobs(in: state, after: nil, limit: Self.openMax)
            }
            for record in page?.jobs ?? [] {
                rows.append(try await row(record, label, reaches[record.job.id.text]))
            }
        }
        return ["open": rows, "hasOpen": !rows.isEmpty]
    }

    private func row(
        _ record: JobRecord,
        _ label: String,
        _ reach: ExportReach?
    ) async throws -> View {
        let id = record.job.id
        let isEnding = try await store.history(of: id).indexed?.state == .cancelled
        var view: View = [
            "href": "/jobs/\(id.text)", "path": "exports/\(id.text)",
            "what": Self.what(record.job.payload), "state": isEnding ? "is being ended" : label,
            // A job that nobody could read says no time either.
            "asked": record.job.createdMilliseconds > 0
                ? words.time(record.job.createdMilliseconds / 1_000) : "–",
            "reason": record.reason.map { LogMask().masked(String($0.prefix(160))) } ?? "",
            "isEndable": record.state != .dead && !isEnding, "isResumable": record.state == .dead,
            "isCounting": record.state == .running && reach == nil,
        ]
        if let reach {
            view["reach"] =
                [
                    "written": "\(reach.written)", "all": "\(reach.all)",
                    "text": "\(PageWords.count(reach.written)) of "
                        + PageWords.count(reach.all, "call"),
                ] as View
        }
        return view
    }

    /// What a job is to write, in words; `person` is whoever asked.
    static func what(_ payload: [UInt8]) -> String {
        do {
            let arguments = try ExportArguments(payload: payload)
            var parts = [arguments.subject.rawValue, dialect(arguments.dialect.rawValue)]
            if let period = arguments.period { parts.append(period.rawValue) }
            return parts.joined(separator: ", ") + " (\(arguments.person))"
        } catch {
            return "not readable"
        }
    }
}
