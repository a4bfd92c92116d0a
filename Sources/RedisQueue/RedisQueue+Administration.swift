package import JobQueue
import RedisClient

extension RedisQueue: QueueAdministration {
    package func pause(by person: String, reason: String) async throws(QueueError) {
        _ = try await repeated(
            scripts.pause,
            [keys.control, keys.leases, keys.bell],
            ["pause", person, QueueText.clipped(reason)].map { Array($0.utf8) }
        )
    }

    package func resume(by person: String) async throws(QueueError) -> PauseState? {
        let reply = try await once(
            scripts.pause,
            [keys.control, keys.leases, keys.bell],
            ["resume", person].map { Array($0.utf8) }
        )
        var reader = try ReplyReader(reply, of: scripts.pause)
        guard !reader.isAtEnd else { return nil }
        return PauseState(
            person: try reader.text(),
            reason: try reader.text(),
            atMilliseconds: try reader.number()
        )
    }

    package func cancel(_ ids: [JobID], by person: String) async throws(QueueError) -> Int {
        guard !ids.isEmpty else { return 0 }
        try check(ids)
        let reply = try await repeated(
            scripts.cancel,
            keys.forWorkers,
            [Array(person.utf8)] + ids.map { Array($0.text.utf8) }
        )
        return try number(reply, of: scripts.cancel)
    }

    package func retryDead(_ ids: [JobID]) async throws(QueueError) -> [DeadRetryAnswer] {
        guard !ids.isEmpty else { return [] }
        try check(ids)
        let reply = try await once(
            scripts.dead,
            keys.forWorkers,
            [Array("retry".utf8)] + ids.map { Array($0.text.utf8) }
        )
        var reader = try ReplyReader(reply, of: scripts.dead)
        var answers: [DeadRetryAnswer] = []
        for _ in ids {
            let text = try reader.text()
            switch text {
            case "queued": answers.append(.queued)
            case "none": answers.append(.notFound)
            default: answers.append(.held(by: try holder(String(text.dropFirst("held|".count)))))
            }
        }
        return answers
    }

    package func discardDead(_ ids: [JobID]) async throws(QueueError) -> Int {
        guard !ids.isEmpty else { return 0 }
        try check(ids)
        let reply = try await once(
            scripts.dead,
            keys.forWorkers,
            [Array("discard".utf8)] + ids.map { Array($0.text.utf8) }
        )
        var reader = try ReplyReader(reply, of: scripts.dead)
        var count = 0
        for _ in ids { count += try reader.text() == "discarded" ? 1 : 0 }
        return count
    }

    package func runNow(_ ids: [JobID]) async throws(QueueError) -> Int {
        guard !ids.isEmpty else { return 0 }
        try check(ids)
        let reply = try await repeated(
            scripts.runNow,
            keys.forWorkers,
            ids.map { Array($0.text.utf8) }
        )
        return try number(reply, of: scripts.runNow)
    }

    private func check(_ ids: [JobID]) throws(QueueError) {
        guard ids.count <= QueueLimits.jobsPerCallMax else {
            throw .refused(reason: "a call names at most \(QueueLimits.jobsPerCallMax) jobs")
        }
    }

    private func number(_ reply: RedisValue, of script: RedisScript) throws(QueueError) -> Int {
        guard case .integer(let number) = reply else {
            throw .protocolViolation(reason: "\(script.name) did not answer with a number")
        }
        return Int(number)
    }
}
