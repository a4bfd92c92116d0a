package import JobQueue

/// What the queues hold of a caller: dead jobs that somebody filled by hand, and Redis' own files.
///
/// Jobs of ours carry ids. A job that was pushed by hand may carry anything, and lies dead then.
package struct JobCopies: Sendable {
    /// Dead jobs that one look takes.
    static let pageSize = QueueLimits.jobsPerCallMax

    private let queues: [any QueueAdministration]
    private let rewriteFiles: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - queues: Whose dead jobs are searched.
    ///   - rewriteFiles: Makes Redis write its files anew, without what was removed.
    package init(
        queues: [any QueueAdministration],
        rewriteFiles: @escaping @Sendable () async throws -> Void
    ) {
        self.queues = queues
        self.rewriteFiles = rewriteFiles
    }

    /// For those who have no queues at hand.
    package static let none = JobCopies(queues: []) {}

    /// Dead jobs that match, by queue; their arguments are unpacked first.
    func dead(
        where isMatch: ([UInt8]) -> Bool
    ) async throws -> [(queue: any QueueAdministration, jobs: [Job])] {
        var found: [(queue: any QueueAdministration, jobs: [Job])] = []
        for queue in queues {
            var jobs: [Job] = []
            var cursor: JobCursor?
            var looked = 0
            repeat {
                let page = try await queue.jobs(in: .dead, after: cursor, limit: Self.pageSize)
                for record in page.jobs where isMatch(Self.bytes(of: record)) {
                    jobs.append(record.job)
                }
                looked += page.jobs.count
                cursor = page.next
            } while cursor != nil && looked < QueueLimits.deadMax
            if !jobs.isEmpty { found.append((queue, jobs)) }
        }
        return found
    }

    func rewrite() async throws { try await rewriteFiles() }

    /// All that a person could read in a dead job.
    private static func bytes(of record: JobRecord) -> [UInt8] {
        var bytes = record.job.payload
        do {
            bytes += [0] + (try record.job.arguments())
        } catch {
            // What cannot be unpacked is searched as it stands.
        }
        for text in [record.job.id.text, record.reason, record.job.defect] {
            bytes += [0] + Array((text ?? "").utf8)
        }
        return bytes
    }
}
