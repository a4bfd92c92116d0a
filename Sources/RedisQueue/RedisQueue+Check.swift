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

    /// Tries what the scripts need, and the commands that are sent without one.
    private func rightsFindings() async throws(QueueError) -> [ServerFinding] {
        var refused: [(command: String, message: String)] = []
        do throws(QueueError) {
            let fields = try ScriptReply(try await once(calls.rights())).texts()
            for index in stride(from: 0, to: fields.count - 1, by: 2) {
                refused.append((fields[index], fields[index + 1]))
            }
        } catch {
            guard case .refused(let reason) = error else { throw error }
            refused.append((Self.command(in: reason) ?? "EVALSHA", reason))
        }
        // The key is gone, so BLPOP waits for its millisecond and takes nothing.
        let plain = [
            RedisCommand("BLPOP", keys.probe, "0.001"), RedisCommand("GET", keys.probe),
            RedisCommand("TIME"), RedisCommand("SCAN", "0", "MATCH", keys.probe, "COUNT", "1"),
        ]
        for (command, name) in zip(plain, ["BLPOP", "GET", "TIME", "SCAN"]) {
            do throws(RedisError) {
                _ = try await bellClient.send(command)
            } catch {
                guard case .refused(let reason) = QueueError(error) else { throw QueueError(error) }
                if !refused.contains(where: { $0.command == name }) {
                    refused.append((name, reason))
                }
            }
        }
        return Self.missingRights(refused, keys: keys)
    }

    /// The command that a refusal names, in capitals.
    private static func command(in message: String) -> String? {
        let parts = message.split(separator: "'", omittingEmptySubsequences: false)
        guard parts.count >= 3, message.contains("run the '") else { return nil }
        return parts[1].uppercased()
    }

    private static func missingRights(
        _ refused: [(command: String, message: String)],
        keys: QueueKeys
    ) -> [ServerFinding] {
        guard let first = refused.first else { return [] }
        let isOfKeys = refused.allSatisfy { $0.message.contains("access") }
        if isOfKeys {
            return [
                ServerFinding(
                    isFatal: true,
                    message: "Redis keeps this user from keys that begin with \(keys.prefix)",
                    fix: "ACL SETUSER <user> ~ringback:*"
                )
            ]
        }
        let names = refused.map(\.command)
        // The server's words for a plain command and for one in a script.
        let isUnknown =
            !first.message.contains("permission")
            && !first.message.contains("can't run this command")
        return [
            ServerFinding(
                isFatal: true,
                message: "Redis does not let this user run \(names.joined(separator: ", "))"
                    + (isUnknown ? " (\(first.message))" : ""),
                fix: "ACL SETUSER <user> "
                    + names.map { "+\($0.lowercased())" }.joined(separator: " ")
            )
        ]
    }
}
