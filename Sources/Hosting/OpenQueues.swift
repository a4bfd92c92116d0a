import Ambient
package import CallJobs
import ElevenLabs
package import JobQueue
import Logging
package import RedisClient
package import RedisQueue
import Settings

/// One queue, to work with and to steer.
package typealias ManagedQueue =
    WorkQueue & QueueAdministration & FeedQueue & ScheduleAdministration

/// The queues of the five job kinds, on one Redis.
package struct OpenQueues: Sendable {
    /// The client for everything that does not block.
    package let redis: RedisClient

    /// Where Redis is, without a password.
    package let address: String
    private let queues: [JobKind: RedisQueue]

    package subscript(kind: JobKind) -> any ManagedQueue {
        guard let queue = queues[kind] else {
            preconditionFailure("Every kind has a queue.")
        }
        return queue
    }

    /// All of them, in the order of `JobKind`.
    package var all: [any ManagedQueue] { JobKind.allCases.map { self[$0] } }

    /// Looks at the server's version, memory policy, persistence and our rights.
    ///
    /// The rights are those of one queue; the names of the others begin alike.
    package func check() async throws(QueueError) -> [ServerFinding] {
        guard let queue = queues[.sync] else {
            preconditionFailure("Every kind has a queue.")
        }
        return try await queue.check()
    }

    /// Checks a queue's invariants while it is in use, and mends what is broken when asked to.
    package func audit(_ kind: JobKind, mends: Bool) async throws(QueueError) -> AuditReport {
        guard let queue = queues[kind] else {
            preconditionFailure("Every kind has a queue.")
        }
        return try await queue.audit(mends: mends)
    }

    /// The budget of requests to the upstream that all processes share.
    package func upstreamBudget(for host: Host) -> any UpstreamBudget {
        let name: QueueName
        do {
            name = try QueueName("elevenlabs")
        } catch {
            preconditionFailure("The name is an identifier.")
        }
        var limits = RedisBudgetLimits()
        // No longer than a request can last: a killed worker's permits are missed until then.
        limits.lease = ElevenLabsLimits.permitLease
        limits.rate = host.settings.upstream.rate.map { rate in
            RateLimit(
                events: rate.events,
                per: rate.period,
                burst: host.settings.upstream.burst
            )
        }
        return RedisUpstreamBudget(
            name: name,
            ceiling: host.settings.upstream.parallel,
            redis: redis,
            ambient: host.ambient,
            limits: limits
        )
    }

    /// Ends every connection.
    package func close() async {
        for queue in queues.values { await queue.close() }
        await redis.close()
    }

    fileprivate init(redis: RedisClient, address: String, queues: [JobKind: RedisQueue]) {
        self.redis = redis
        self.address = address
        self.queues = queues
    }
}

extension Host {
    /// Opens the queues, waiting for a Redis that is not there yet.
    ///
    /// - Parameter patience: The longest wait.
    /// - Returns: The queues; whoever opens them closes them.
    /// - Throws: `StartFailure` with one line that says what to do.
    package func openQueues(
        patience: Duration = RedisAccess.startPatience
    ) async throws(StartFailure) -> OpenQueues {
        let access = try await RedisAccess.awaited(for: self, patience: patience)
        let redis = try access.client("commands", for: self) { limits in
            // An operator's command is not to outlast its own patience in one attempt to connect.
            limits.connectPatience = min(limits.connectPatience, patience)
        }
        do throws(StartFailure) {
            try await access.wait(for: redis, host: self, patience: patience)
            return try await openQueues(on: redis, access)
        } catch {
            await redis.close()
            throw error
        }
    }

    private func openQueues(
        on redis: RedisClient,
        _ access: RedisAccess
    ) async throws(StartFailure) -> OpenQueues {
        var queues: [JobKind: RedisQueue] = [:]
        do {
            for kind in JobKind.allCases {
                let queue = try RedisQueue(
                    kind.queue,
                    commands: redis,
                    usualLimit: kind.usualLimit,
                    ambient: ambient,
                    logger: logger
                )
                queues[kind] = queue
                try await queue.prepare()
            }
        } catch let error as QueueError {
            throw RedisAccess.failure(error, address: access.address)
        } catch {
            throw StartFailure(.unreachable, "Redis at \(access.address): \(error)")
        }
        return OpenQueues(redis: redis, address: access.address, queues: queues)
    }

    /// Refuses a Redis that would lose jobs, and warns of one that might.
    ///
    /// - Throws: `StartFailure` with what is wrong and what mends it.
    package func checkServer(of queues: OpenQueues) async throws(StartFailure) {
        let facts: RedisServerFacts
        do {
            facts = try await RedisServerFacts.read(from: queues.redis)
        } catch {
            throw RedisAccess.failure(error, address: queues.address)
        }
        for finding in facts.findings {
            guard !finding.isFatal else {
                throw StartFailure(
                    .unreachable,
                    "\(finding.message) at \(queues.address); \(finding.fix)"
                )
            }
            logger.warning(
                "Redis is not set up as it should be",
                metadata: ["finding": "\(finding.message)", "fix": "\(finding.fix)"]
            )
        }
    }
}

extension OpenQueues {
    /// How often Redis is asked whether its files are written, half a second apart.
    private static let rewriteLooksMax = 600

    /// Makes Redis write its files anew, without what was removed before this call, and waits until
    /// it has.
    ///
    /// The append-only file, and the snapshot where Redis keeps one by itself.
    ///
    /// - Throws: `StartFailure` when Redis refuses, could not write one of them, or takes minutes;
    ///   `RedisError` when it cannot be asked. The files may hold what was removed then.
    package func rewriteFiles(for host: Host) async throws {
        // What is being written now may have begun before.
        let before = try await filesAtRest(host)
        var asked: [RedisFile] = []
        do throws(RedisError) {
            if before.hasAppendOnlyFile {
                _ = try await redis.send(RedisCommand("BGREWRITEAOF"))
                asked.append(.appendOnly)
            }
            if try await keepsSnapshots() {
                _ = try await redis.send(RedisCommand("BGSAVE", "SCHEDULE"))
                asked.append(.snapshot)
            }
        } catch {
            throw RedisAccess.failure(error, address: address)
        }
        // Redis answers before its child process has written anything; that one may fail.
        let after = try await filesAtRest(host)
        let failed = asked.filter { !after.written.contains($0) }
        guard failed.isEmpty else {
            let names = failed.map(\.rawValue).joined(separator: " and its ")
            throw StartFailure(
                .failed,
                "Redis at \(address) could not write its \(names) anew; make room on its disk (its "
                    + "log says what failed), then try again"
            )
        }
    }

    /// Waits until Redis writes no file anew, and tells how the last writing went.
    private func filesAtRest(_ host: Host) async throws -> RedisFileFacts {
        for _ in 0..<Self.rewriteLooksMax {
            let facts = try await fileFacts()
            if !facts.isBusy { return facts }
            try await host.ambient.sleep(for: .milliseconds(500))
        }
        throw StartFailure(.failed, "Redis at \(address) has been writing its files for minutes")
    }

    private func keepsSnapshots() async throws(RedisError) -> Bool {
        guard case .array(let pair) = try await redis.send(RedisCommand("CONFIG", "GET", "save")),
            case .bytes(let value) = pair.last
        else { return false }
        return !value.isEmpty
    }

    private func fileFacts() async throws(RedisError) -> RedisFileFacts {
        guard case .bytes(let bytes) = try await redis.send(RedisCommand("INFO", "persistence"))
        else { return RedisFileFacts(info: "") }
        return RedisFileFacts(info: String(decoding: bytes, as: UTF8.self))
    }
}

/// A file that Redis keeps on its disk, as a line to a person calls it.
package enum RedisFile: String, Sendable {
    case appendOnly = "append-only file"
    case snapshot
}

/// What Redis tells of its files (`INFO persistence`).
package struct RedisFileFacts: Sendable, Equatable {
    package let hasAppendOnlyFile: Bool

    /// Whether one is being written anew, or waits to be.
    package let isBusy: Bool

    /// Those whose last writing came to a good end; one of which Redis tells nothing is not among
    /// them.
    package let written: Set<RedisFile>

    /// Reads them from the text that Redis answers with.
    package init(info: String) {
        var values: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        let marks: [Substring] = [
            "aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress",
        ]
        hasAppendOnlyFile = values["aof_enabled"] == "1"
        isBusy = marks.contains { values[$0] == "1" }
        var written: Set<RedisFile> = []
        if values["aof_last_bgrewrite_status"] == "ok" { written.insert(.appendOnly) }
        if values["rdb_last_bgsave_status"] == "ok" { written.insert(.snapshot) }
        self.written = written
    }
}
