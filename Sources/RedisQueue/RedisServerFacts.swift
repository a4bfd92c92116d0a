package import JobQueue
package import RedisClient

/// What the queue needs to know about its server.
package struct RedisServerFacts: Sendable, Equatable {
    package var version: String
    package var usedMemoryBytes: Int

    /// Zero when there is no limit.
    package var memoryMaxBytes: Int
    package var memoryPolicy: String
    package var hasAppendOnlyFile: Bool

    /// Whether the append-only file could be written lately; true without one.
    package var canWriteAppendOnlyFile: Bool
    package var isReplica: Bool

    /// How long it has been running; nil when it does not say.
    package var uptime: Duration?

    package init(
        version: String,
        usedMemoryBytes: Int,
        memoryMaxBytes: Int,
        memoryPolicy: String,
        hasAppendOnlyFile: Bool,
        canWriteAppendOnlyFile: Bool = true,
        isReplica: Bool = false,
        uptime: Duration? = nil
    ) {
        self.version = version
        self.usedMemoryBytes = usedMemoryBytes
        self.memoryMaxBytes = memoryMaxBytes
        self.memoryPolicy = memoryPolicy
        self.hasAppendOnlyFile = hasAppendOnlyFile
        self.canWriteAppendOnlyFile = canWriteAppendOnlyFile
        self.isReplica = isReplica
        self.uptime = uptime
    }

    /// Reads them with INFO, in one round trip.
    package static func read(
        from client: some RedisExecutor
    ) async throws(QueueError) -> RedisServerFacts {
        let reply: RedisValue
        do {
            reply = try await client.send(RedisCommand("INFO"))
        } catch {
            throw QueueError(error)
        }
        guard case .bytes(let bytes) = reply else {
            throw .protocolViolation(reason: "INFO did not answer with a text")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        var values: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        return RedisServerFacts(
            version: String(values["redis_version"] ?? ""),
            usedMemoryBytes: values["used_memory"].flatMap { Int($0) } ?? 0,
            memoryMaxBytes: values["maxmemory"].flatMap { Int($0) } ?? 0,
            memoryPolicy: String(values["maxmemory_policy"] ?? ""),
            hasAppendOnlyFile: values["aof_enabled"] == "1",
            canWriteAppendOnlyFile: values["aof_last_write_status"] != "err",
            isReplica: values["role"] == "slave",
            uptime: values["uptime_in_seconds"].flatMap { Int($0) }.map { .seconds($0) }
        )
    }

    /// What is wrong with the server, worst first; empty when nothing is.
    package var findings: [ServerFinding] {
        var findings: [ServerFinding] = []
        if !isNewEnough {
            findings.append(
                ServerFinding(
                    isFatal: true,
                    message: "Redis \(version) is too old",
                    fix: "run Redis 6.2 or later"
                )
            )
        }
        if memoryMaxBytes > 0, memoryPolicy != "noeviction" {
            findings.append(
                ServerFinding(
                    isFatal: true,
                    message: "Redis may evict jobs (maxmemory-policy \(memoryPolicy))",
                    fix: "CONFIG SET maxmemory-policy noeviction"
                )
            )
        }
        if isReplica {
            findings.append(
                ServerFinding(
                    isFatal: true,
                    message: "this Redis is a replica and takes no jobs",
                    fix: "let REDIS_URL name the primary"
                )
            )
        }
        if !canWriteAppendOnlyFile {
            findings.append(
                ServerFinding(
                    isFatal: true,
                    message: "Redis cannot write its append-only file",
                    fix: "make room on its disk; its log says what failed"
                )
            )
        }
        if !hasAppendOnlyFile {
            findings.append(
                ServerFinding(
                    isFatal: false,
                    message: "Redis keeps no append-only file: a restart loses waiting jobs",
                    fix: "CONFIG SET appendonly yes"
                )
            )
        }
        return findings
    }

    private var isNewEnough: Bool {
        let parts = version.split(separator: ".").compactMap { Int($0) }
        guard parts.count >= 2 else { return false }
        return (parts[0], parts[1]) >= (6, 2)
    }
}

/// One thing that is wrong with the server, and what mends it.
package struct ServerFinding: Sendable, Equatable {
    /// Whether jobs would be lost or cannot run; otherwise a warning.
    package var isFatal: Bool
    package var message: String
    package var fix: String
}
