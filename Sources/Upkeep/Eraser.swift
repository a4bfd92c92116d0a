package import Ambient
import CallJobs
package import CallStore
import Foundation
import JobQueue
import Logging
package import PhoneNumbers

/// Why an erasure cannot go on now; what was done stands, and it may be taken up again.
package enum ErasureProblem: Error, Equatable, Sendable {
    /// Somebody reads an older state of the store for long: an export, a backup.
    case storeInUse

    /// A file of the exports folder can be neither read nor removed.
    case file(name: String, reason: String)
}

extension ErasureProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storeInUse:
            "a program has been reading an older state of the store for long; the erasure goes on "
                + "when it has ended"
        case .file(let name, let reason):
            "the file \(name) of the exports folder cannot be searched or removed (\(reason))"
        }
    }
}

/// Erases a caller: here, in the queues, in the export files, and upstream.
///
/// The steps stand in the store. Each may be made again, so whoever takes an erasure up after a
/// crash goes on where it was.
package struct Eraser: Sendable {
    /// How often the log is tried to be emptied, a second apart.
    private static let logTriesMax = 60

    /// How long an interrupted erasure rests before upkeep takes it up.
    private static let resumption = Duration.seconds(120)

    private let store: CallStore
    private let exports: ExportFolder
    private let jobs: JobCopies
    private let ambient: Ambient

    package init(store: CallStore, exportsFolder: String, jobs: JobCopies, ambient: Ambient) {
        self.store = store
        exports = ExportFolder(path: exportsFolder)
        self.jobs = jobs
        self.ambient = ambient
    }

    /// Begins an erasure, or finds the one of this caller that is under way.
    ///
    /// From then on nothing of the caller is brought in again, and upkeep finishes what is left
    /// undone.
    package func begin(_ caller: CallerIdentity, by person: String) async throws -> ErasureID {
        try await Self.begin(caller, by: person, in: store, upkeepAfter: Self.resumption)
    }

    /// Begins an erasure, and leaves its steps to upkeep after a while.
    package static func begin(
        _ caller: CallerIdentity,
        by person: String,
        in store: CallStore,
        upkeepAfter delay: Duration
    ) async throws -> ErasureID {
        try await store.write { writer in
            let (id, isNew) = try writer.beginErasure(of: caller, by: person)
            if isNew {
                try writer.addToOutbox(OutboxJob(UpkeepArguments(.erasures), delay: delay))
            }
            return id
        }
    }

    /// Goes through the steps that are left.
    ///
    /// - Parameters:
    ///   - id: The erasure.
    ///   - progress: Told of each step before it begins.
    /// - Returns: The erasure, done. The upstream may still have to answer.
    /// - Throws: `ErasureProblem`, `StoreError`, or what the queues or the progress throw; the steps
    ///   before stand.
    package func run(
        _ id: ErasureID,
        progress: (Erasure) throws -> Void = { _ in }
    ) async throws -> Erasure {
        while let erasure = try await store.erasure(id) {
            try progress(erasure)
            switch erasure.step {
            case .content: try await removeContent(erasure)
            case .copies: try await removeCopies(erasure)
            case .upstream: try await askUpstream(erasure)
            case .files: try await removeFiles(erasure)
            case .database: try await cleanDatabase(erasure)
            case .done: return erasure
            }
        }
        throw StoreError.notFound(what: "erasure \(id)")
    }

    // MARK: Steps

    private func removeContent(_ erasure: Erasure) async throws {
        let limit = ErasureLimits.callsPerBatch
        var count = limit
        while count == limit {
            count = try await store.write { try $0.clearContent(of: erasure, limit: limit) }
        }
        try await store.write { try $0.advance(erasure.id, to: .copies) }
    }

    private func removeCopies(_ erasure: Erasure) async throws {
        let limit = ErasureLimits.callsPerBatch
        var count = limit
        while count == limit {
            count = try await store.write { try $0.clearCopies(of: erasure, limit: limit) }
        }
        let search = try await search(of: erasure)
        try await removeUnnamedBodies(erasure, search)
        let dropped = try await dropDeadJobs(search)
        try await store.write { writer in
            try writer.advance(erasure.id, to: .upstream) { $0.deadJobs += dropped }
        }
    }

    private func removeUnnamedBodies(_ erasure: Erasure, _ search: CallerSearch) async throws {
        var cursor: UnnamedBodyCursor?
        repeat {
            let page = try await store.unnamedBodies(
                after: cursor,
                limit: ErasureLimits.bodiesPerBatch
            )
            let found = page.bodies.filter { search.occurs(in: $0.body) }
            if !found.isEmpty { try await store.write { try $0.remove(found, of: erasure.id) } }
            cursor = page.next
        } while cursor != nil
    }

    private func dropDeadJobs(_ search: CallerSearch) async throws -> Int {
        var dropped = 0
        for (queue, jobs) in try await jobs.dead(where: { search.occurs(in: Data($0)) }) {
            let size = JobCopies.pageSize
            for start in stride(from: 0, to: jobs.count, by: size) {
                let part = jobs[start..<min(start + size, jobs.count)]
                // The store first, or it would send those of its outbox again.
                try await store.end(
                    try part.map { job in
                        LedgerEntry(
                            id: job.id,
                            kind: job.kind,
                            worker: try WorkerID("erasure"),
                            fence: 0,
                            attempt: job.attempt
                        )
                    }
                )
                dropped += try await queue.discardDead(part.map(\.id))
            }
        }
        return dropped
    }

    private func askUpstream(_ erasure: Erasure) async throws {
        try await store.write { writer in
            let conversations = try writer.upstreamWaiting(of: erasure.id)
            for conversation in conversations {
                try writer.addToOutbox(OutboxJob(SyncArguments.erase(conversation), lane: .low))
            }
            try writer.advance(erasure.id, to: .files) { $0.upstream = conversations.count }
        }
    }

    private func removeFiles(_ erasure: Erasure) async throws {
        let search = try await search(of: erasure)
        try await removeFiles(erasure, search)
        // An export that began before the erasure may still be writing what it saw then.
        try await emptyLog()
        try await removeFiles(erasure, search)
        try await store.write { try $0.advance(erasure.id, to: .database) }
    }

    private func removeFiles(_ erasure: Erasure, _ search: CallerSearch) async throws {
        let found = try exports.files { try search.occurs(inFile: $0) }
        guard !found.isEmpty else { return }
        let records = try await store.presentExports().filter {
            found.contains($0.fileName) || found.contains($0.manifestName)
        }
        let names = Set(found).union(records.flatMap { [$0.fileName, $0.manifestName] }).sorted()
        do {
            try exports.remove(names)
        } catch {
            guard case .cannotRemove(let name, let reason) = error else { throw error }
            throw ErasureProblem.file(name: name, reason: reason)
        }
        try await store.write { writer in
            try writer.markExpired(records.map(\.id))
            try writer.amend(erasure.id) { $0.files += found }
        }
    }

    private func cleanDatabase(_ erasure: Erasure) async throws {
        try await store.compact()
        try await emptyLog()
        try await jobs.rewrite()
        try await store.write { try $0.advance(erasure.id, to: .done) }
    }

    // MARK: Parts

    private func search(of erasure: Erasure) async throws -> CallerSearch {
        guard let caller = erasure.caller else {
            preconditionFailure("The caller is kept until the step that forgets it.")
        }
        let conversations = try await store.conversations(of: erasure.id)
        return CallerSearch(caller, conversations: conversations.map(\.conversationID))
    }

    private func emptyLog() async throws {
        for _ in 0..<Self.logTriesMax {
            if try await store.emptyLog() { return }
            try await ambient.sleep(for: .seconds(1))
        }
        throw ErasureProblem.storeInUse
    }
}
