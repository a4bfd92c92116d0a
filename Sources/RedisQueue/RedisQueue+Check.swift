package import JobQueue
import RedisClient

extension RedisQueue {
    /// Looks at the server's version, memory policy, persistence and our rights.
    ///
    /// - Returns: What was found, each with its remedy; empty when all is well.
    /// - Throws: `QueueError` when the server cannot be asked at all.
    package func check() async throws(QueueError) -> [ServerFinding] {
        var findings: [ServerFinding] = []
        do throws(QueueError) {
            findings += try await RedisServerFacts.read(from: commands).findings
        } catch {
            // A user without INFO can run the queue all the same.
            guard case .refused = error else { throw error }
            findings.append(
                ServerFinding(
                    isFatal: false,
                    message: "Redis does not let this user ask for its version and settings",
                    fix: "ACL SETUSER <user> +info, or check maxmemory-policy and AOF by hand"
                )
            )
        }
        return findings + (try await rightsFindings())
    }

    /// Tries what the scripts need and the bell's command.
    private func rightsFindings() async throws(QueueError) -> [ServerFinding] {
        let refused: String
        do throws(QueueError) {
            refused = try ScriptReply(try await once(calls.rights())).text(0)
        } catch {
            guard case .refused(let reason) = error else { throw error }
            return [Self.missingRight(reason)]
        }
        guard refused.isEmpty else { return [Self.missingRight(refused)] }
        do throws(RedisError) {
            // The key is gone, so this waits for its millisecond and takes nothing.
            _ = try await bellClient.send(RedisCommand("BLPOP", keys.probe, "0.001"))
        } catch {
            guard case .refused(let reason) = QueueError(error) else { throw QueueError(error) }
            return [Self.missingRight(reason)]
        }
        return []
    }

    private static func missingRight(_ reason: String) -> ServerFinding {
        ServerFinding(
            isFatal: true,
            message: "Redis refuses this user what the queue needs: \(reason)",
            fix: "ACL SETUSER <user> ~ringback:* +@read +@write +@scripting +@blocking +info"
        )
    }
}
