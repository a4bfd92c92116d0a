import Ambient
import CallStore
import Foundation
import GRDB
import JobQueue
import Logging
import NIOPosix
import PhoneNumbers
import RedisClient
import RedisQueue
import TestSupport
import Testing

/// A lone server, whose store and queues are brought into every state that its pages know.
@Suite("states of the pages", .serialized)
struct PageStatesTests {
    private struct Stage {
        let folder: ScratchFolder
        let redis: PrivateRedis
        let fleet: Fleet
        let store: CallStore
        let ambient = Ambient.live()

        init(_ environment: [String: String?] = [:]) async throws {
            folder = try ScratchFolder()
            redis = try await PrivateRedis.start()
            let database = "\(folder.path)/ringback.sqlite"
            store = try await CallStore.open(
                path: database,
                ambient: .live(),
                phoneKey: try PhoneKey(id: "test", secret: Data("a secret of the test only".utf8))
            )
            let own: [String: String?] = [
                "REDIS_URL": redis.url, "RINGBACK_DB": database,
                "RINGBACK_EXPORTS": "\(folder.path)/exports",
                "RINGBACK_SCHEDULES": "\(Executables.checkout)/schedules",
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
            ]
            fleet = Fleet(folder: folder, environment: own.merging(environment) { $1 })
        }

        var nowMilliseconds: Int64 { Int64(ambient.now().timeIntervalSince1970 * 1_000) }

        /// Starts a server, and waits until it answers.
        func serve(_ name: String, _ more: [String: String?] = [:]) async throws -> String {
            let address = "127.0.0.1:\(try FreePort.next())"
            let fleet = Fleet(
                folder: folder,
                environment: self.fleet.environment.merging(more) { $1 }
                    .merging(["RINGBACK_HTTP": address]) { $1 }
            )
            let process = try await fleet.start(name, "server")
            self.fleet.adopt(name, process)
            _ = try await process.line(containing: "The server takes requests")
            return "http://\(address)"
        }

        func end() async throws {
            await fleet.end()
            try store.close()
            await redis.kill()
        }

        /// Calls of the last hour, one of them not analysed yet, and a campaign.
        func fill() async throws {
            let now = nowMilliseconds
            let calls = try await store.write { writer in
                try (1...3).map { index in
                    var record = CallRecord(
                        identity: CallIdentity(conversationID: "conv_\(index)"),
                        source: .detail,
                        fetchedAtMilliseconds: now,
                        agentID: "agent_one",
                        status: .done
                    )
                    record.startedUnix = now / 1_000 - Int64(600 * index)
                    record.durationSeconds = 65
                    record.channel = .phone
                    record.callSuccessful = index == 3 ? nil : "success"
                    record.caller = PartyNumber(
                        raw: "+1415555010\(index)",
                        e164: E164(stored: "+1415555010\(index)"),
                        kind: .e164,
                        normaliserVersion: "t"
                    )
                    return try writer.record(record).call
                }
            }
            let decision = AttributionDecision(
                campaign: nil,
                recipient: nil,
                method: .none,
                confidence: nil,
                reason: "no-recipient",
                evidence: [:],
                ruleVersion: "1"
            )
            for call in calls {
                let revision = try #require(try await store.call(call)).revision
                try await store.write { try $0.attribute(call, seen: revision, decision) }
            }
            try await store.write { _ = try $0.add(NewCampaign(name: "Spring", channel: .mail)) }
        }
    }

    @Test("each state says what is known, what still works and what to do")
    func states() async throws {
        let stage = try await Stage()
        do {
            let address = try await stage.serve("server")
            try await Self.look(address, "empty")
            try await stage.fill()
            try await Self.look(address, "calls")
            let polled = stage.nowMilliseconds - 2 * 3_600_000
            try await stage.store.write { try $0.note(.lastPoll, atMilliseconds: polled) }
            try await Self.look(address, "stale")
            try await stage.store.write { try $0.halt(reason: "The key was rejected (401).") }
            try await Self.look(address, "refused")
            try await stage.store.write { try $0.clearHalt() }
            try await Self.quieten(stage)
            try await Self.look(address, "slowed")
            let reading = try await stage.serve("reading", ["RINGBACK_READ_ONLY": "true"])
            try await Self.look(reading, "read-only")
            let process = try #require(stage.redis.processID)
            try await Self.look(address, "redis", "\(process)")
            try Self.damage(stage.store.path)
            try await Self.look(address, "broken")
        } catch {
            Issue.record(error, "\(stage.fleet.logs)")
        }
        try await stage.end()
    }

    /// As a worker does that the upstream has asked for patience.
    private static func quieten(_ stage: Stage) async throws {
        let client = try RedisClient(
            RedisConfiguration(url: stage.redis.url),
            on: MultiThreadedEventLoopGroup.singleton.any(),
            ambient: stage.ambient,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let budget = RedisUpstreamBudget(
            name: try QueueName("elevenlabs"),
            ceiling: 3,
            redis: client,
            ambient: stage.ambient
        )
        if case .granted(let permit) = try await budget.acquire() {
            try await budget.release(permit, .rateLimited(retryAfter: .seconds(600)))
        }
        let state = try await budget.state()
        await client.close()
        #expect(state.quietUntilMilliseconds != nil)
    }

    /// Takes away what two parts of the pages read.
    private static func damage(_ path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        try DatabaseQueue(path: path, configuration: configuration).write { database in
            try database.execute(
                sql: """
                    alter table saved_views rename to saved_views_away;
                    alter table label_readings rename to label_readings_away;
                    """
            )
        }
    }

    private static func look(_ address: String, _ arguments: String...) async throws {
        let result = try await ChildProcess.run(
            ChildProcess.Command(
                [
                    "\(Executables.checkout)/.build/python/bin/python",
                    "\(Executables.checkout)/Tests/Pages/states.py", address,
                ] + arguments
            )
        )
        #expect(result.ending == .exited(0), "\(arguments): \(result.output)")
    }
}
