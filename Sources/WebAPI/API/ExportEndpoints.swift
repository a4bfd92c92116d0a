import Ambient
import CallJobs
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Reports

/// Exports: asked for and followed.
enum ExportEndpoints {
    static var all: [Endpoint] {
        [list, start, one] + ExportFileEndpoints.all + ExportSteeringEndpoints.all
    }

    /// Exports that the list shows.
    private static let listMax = 200

    private static let record = Schema.fields(
        ("id", .text),
        ("state", .text),
        ("what", .optional(.text)),
        ("dialect", .optional(.text)),
        ("file", .optional(.text)),
        ("rows", .optional(.count)),
        ("bytes", .optional(.count)),
        ("sha256", .optional(.text)),
        ("filter", .optional(.text)),
        ("by", .optional(.text)),
        ("created", .optional(.instant)),
        ("expires", .optional(.instant)),
        ("reason", .optional(.text))
    )

    private static func json(_ record: ExportRecord) -> JSONValue {
        .fields(
            ("id", .text(record.jobID)),
            ("state", .text(record.state.rawValue)),
            ("what", .text(record.what)),
            ("dialect", .text(record.dialect)),
            ("file", .text(record.fileName)),
            ("rows", .integer(record.rows)),
            ("bytes", .integer(record.bytes)),
            ("sha256", .text(record.sha256)),
            ("filter", .text(record.filter)),
            ("by", .text(record.createdBy)),
            ("created", .text(ISOTime.text(milliseconds: record.createdMilliseconds))),
            ("expires", .text(ISOTime.text(milliseconds: record.expiresMilliseconds))),
            ("reason", .null)
        )
    }

    /// One whose job has not finished.
    private static func json(_ id: JobID, _ state: String, reason: String?) -> JSONValue {
        .fields(
            ("id", .text(id.text)),
            ("state", .text(state)),
            ("what", .null),
            ("dialect", .null),
            ("file", .null),
            ("rows", .null),
            ("bytes", .null),
            ("sha256", .null),
            ("filter", .null),
            ("by", .null),
            ("created", .null),
            ("expires", .null),
            ("reason", .optional(reason))
        )
    }

    private static let list = Endpoint(
        method: .get,
        path: "/api/v1/exports",
        summary: "The newest files that were written.",
        answer: .list(record)
    ) { ask in
        .json(.list(try await ask.parts.store.exports(limit: listMax).map(json)))
    }

    // MARK: Asking for one

    private struct Sent: Decodable {
        var what: String
        var dialect: String?
        var from: String?
        var to: String?
        var agent: String?
        var campaign: Int64?
        var unattributed: Bool?
        var outcome: String?
        var conversion: String?
        var search: String?
        var tag: String?
        var calls: [Int64]?
        var deliver: [String]?
    }

    private static let start = Endpoint(
        method: .post,
        path: "/api/v1/exports",
        summary: "Have a file written; it is followed and fetched by its id.",
        body: .sent(
            [("what", .word(ExportArguments.Subject.self))],
            optional: [
                ("dialect", .word(ExportArguments.Dialect.self)), ("from", .text), ("to", .text),
                ("agent", .bounded(1...256)), ("campaign", .identifier),
                ("outcome", .words(["success", "failure", "unknown", "pending"])),
                ("conversion", .words(["yes", "no", "unknown"])), ("unattributed", .bool),
                ("search", .bounded(1...200)), ("tag", .bounded(TagEndpoints.writtenRange)),
                ("calls", .list(.identifier)),
                ("deliver", .list(.word(ExportArguments.Channel.self))),
            ]
        ),
        answer: record,
        status: .accepted
    ) { ask in
        let sent = try await ask.body(Sent.self)
        var arguments = try arguments(sent, ask)
        if let search = sent.search {
            // Words may be a caller's number, which no job carries: the calls are named instead.
            arguments.filter.ids = try await found(search, arguments.filter, ask)
        }
        do {
            _ = try ExportArguments(payload: arguments.payload)
        } catch {
            throw APIError(.badRequest, "The export cannot be made: \(error).")
        }
        let job = NewJob(arguments, ambient: ask.parts.ambient)
        let queue = try QueueEndpoints.find(JobKind.export.queue.text, ask)
        let call = try EnqueueCallID(ask.parts.ambient.newID().uuidString.lowercased())
        _ = try await queue.enqueue([job], call: call)
        try await QueueEndpoints.note(
            "export.request",
            "job:\(job.id)",
            after: after(sent.what, arguments.filter),
            ask
        )
        return .json(json(job.id, "queued", reason: nil), status: .accepted)
    }

    private static func arguments(_ sent: Sent, _ ask: Ask) throws(APIError) -> ExportArguments {
        guard let subject = ExportArguments.Subject(rawValue: sent.what) else {
            throw APIError(.badRequest, "what is no kind of export.")
        }
        var dialect = ExportArguments.Dialect.data
        if let word = sent.dialect {
            guard let known = ExportArguments.Dialect(rawValue: word) else {
                throw APIError(.badRequest, "dialect is none that is known.")
            }
            dialect = known
        }
        try APIError.check(sent.agent, "agent", in: 1...256)
        if let outcome = sent.outcome,
            !["success", "failure", "unknown", "pending"].contains(outcome)
        {
            throw APIError(.badRequest, "outcome must be success, failure, unknown or pending.")
        }
        var conversion: Ternary?
        if let word = sent.conversion {
            guard let known = Ternary(rawValue: word) else {
                throw APIError(.badRequest, "conversion must be yes, no or unknown.")
            }
            conversion = known
        }
        if let campaign = sent.campaign, campaign <= 0 || sent.unattributed == true {
            throw APIError(
                .badRequest,
                "campaign must be a campaign's id, and stand without unattributed."
            )
        }
        try check(sent)
        let channels = try (sent.deliver ?? []).map { (word) throws(APIError) in
            guard let channel = ExportArguments.Channel(rawValue: word) else {
                throw APIError(.badRequest, "deliver is a list of mail and webhook.")
            }
            return channel
        }
        let zone = ask.parts.places.timeZone
        let filter = CallFilter(
            fromUnix: try CallFilter.instant(sent.from, "from", zone, isEnd: false),
            toUnix: try CallFilter.instant(sent.to, "to", zone, isEnd: true),
            agentID: sent.agent,
            campaign: sent.unattributed == true
                ? .unattributed : sent.campaign.map { .one(CampaignID($0)) },
            outcome: sent.outcome,
            conversion: conversion,
            tag: try sent.tag.map(CallFilter.tag),
            ids: sent.calls?.map { CallID($0) }
        )
        return ExportArguments(
            subject: subject,
            dialect: dialect,
            filter: filter,
            channels: Set(channels),
            person: ask.person
        )
    }

    private static func check(_ sent: Sent) throws(APIError) {
        try APIError.check(sent.search, "search", in: 1...200)
        guard sent.calls == nil || sent.search == nil else {
            throw APIError(.badRequest, "calls and search do not go together.")
        }
        guard sent.calls.map({ (1...CallFilter.idsMax).contains($0.count) }) ?? true,
            (sent.calls ?? []).allSatisfy({ $0 > 0 })
        else {
            throw APIError(.badRequest, "calls takes 1 to \(CallFilter.idsMax) ids of calls.")
        }
    }

    /// Pages of a search that are asked for until it is too wide.
    private static let searchPagesMax = 20

    /// The calls that a search finds, as many as may be named.
    private static func found(
        _ search: String,
        _ filter: CallFilter,
        _ ask: Ask
    ) async throws -> [CallID] {
        var filter = filter
        filter.search = search
        var ids: [CallID] = []
        var cursor: CallCursor?
        for _ in 0..<searchPagesMax where ids.count <= CallFilter.idsMax {
            let page = try await ask.parts.store.calls(
                filter,
                after: cursor,
                limit: WebLimits.pageMax
            )
            ids += page.calls.map(\.id)
            cursor = page.next
            if cursor == nil { break }
        }
        guard cursor == nil, ids.count <= CallFilter.idsMax else {
            throw APIError(
                .refused,
                "More than \(CallFilter.idsMax) calls may be found by these words; choose fewer days."
            )
        }
        guard !ids.isEmpty else { throw APIError(.refused, "No call is found by these words.") }
        return ids
    }

    /// What the audit log says of the calls that are asked for.
    private static func after(_ what: String, _ filter: CallFilter) -> [String: StoredValue] {
        var fields: [String: StoredValue] = ["what": .text(what)]
        if let ids = filter.ids { fields["chosen"] = .integer(Int64(ids.count)) }
        return fields
    }

    // MARK: One of them

    static func id(of ask: Ask) throws -> JobID {
        do {
            return try JobID(try ask.word("id"))
        } catch {
            throw APIError(.notFound, "There is no such export.")
        }
    }

    private static let one = Endpoint(
        method: .get,
        path: "/api/v1/exports/{id}",
        summary: "One export: queued, running, finished, expired or dead.",
        answer: record
    ) { ask in
        let id = try id(of: ask)
        let queue = try QueueEndpoints.find(JobKind.export.queue.text, ask)
        // One that ends between two looks is in neither: the store is asked once more.
        for _ in 1...2 {
            if let found = try await ask.parts.store.export(ofJob: id) { return .json(json(found)) }
            let history = try await ask.parts.store.history(of: id)
            if let job = history.indexed ?? history.done {
                return .json(json(id, job.state.rawValue, reason: job.reason))
            }
            guard let record = try await queue.job(id) else { continue }
            return .json(json(id, record.state.rawValue, reason: record.reason))
        }
        throw APIError(.notFound, "There is no such export.")
    }
}
