import Foundation
import GRDB
import TestSupport
import Testing

/// Programs that start together, and programs that are too old, as processes.
///
/// Redis runs without persistence: nothing kills it here.
@Suite("starting", .serialized)
struct TogetherTests {
    private struct Volume {
        let folder: ScratchFolder
        let redis: PrivateRedis

        init() async throws {
            folder = try ScratchFolder()
            redis = try await PrivateRedis.start()
        }

        var database: String { "\(folder.path)/data/ringback.sqlite" }

        func run(_ program: String, _ arguments: String...) async throws -> CommandResult {
            try await ChildProcess.run(command(program, arguments))
        }

        func command(_ program: String, _ arguments: [String] = []) -> ChildProcess.Command {
            var command = ChildProcess.Command([Executables.path(program)] + arguments)
            command.environment = [
                "REDIS_URL": redis.url, "RINGBACK_DB": database,
                "RINGBACK_SCHEDULES": "\(Executables.checkout)/schedules",
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
                "ELEVENLABS_API_KEY": "simulator", "ELEVENLABS_BASE_URL": "http://127.0.0.1:9",
            ]
            return command
        }
    }

    @Test("ten programs at once on an empty volume all come up")
    func together() async throws {
        let volume = try await Volume()
        let programs = [
            "scheduler", "worker-sync", "worker-attribution", "worker-conversion", "worker-export",
            "worker-upkeep", "scheduler", "worker-sync", "worker-sync", "worker-conversion",
        ]
        let endings = try await withThrowingTaskGroup(of: ChildProcess.Ending.self) { group in
            for program in programs {
                group.addTask {
                    let process = try await ChildProcess.launch(volume.command(program))
                    try await process.line(containing: "Working")
                    process.signal(SIGTERM)
                    return await process.ended()
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(endings == Array(repeating: .exited(0), count: programs.count))
        #expect(try await volume.run("ringback", "status", "--json").ending == .exited(0))
        await volume.redis.kill()
    }

    @Test("a program that is older than the store says so in one line and touches nothing")
    func olderThanStore() async throws {
        let volume = try await Volume()
        #expect(try await volume.run("ringback", "status").ending == .exited(0))
        try await DatabaseQueue(path: volume.database).write { database in
            try database.execute(sql: "pragma user_version = 99")
        }
        for program in ["worker-upkeep", "scheduler"] {
            let result = try await volume.run(program)
            #expect(result.ending == .exited(3))
            let told = result.lines.filter { $0.contains("was written by a newer Ringback") }
            #expect(told.count == 1, "\(result.output)")
        }
        await volume.redis.kill()
    }

    @Test("a program that is older than the queue's layout says so in one line")
    func olderThanLayout() async throws {
        let volume = try await Volume()
        #expect(try await volume.run("ringback", "status").ending == .exited(0))
        let redis = try await ChildProcess.run(
            .init([
                "redis-cli", "-s", volume.redis.socketPath, "HSET", "ringback:{sync}:ctl", "layout",
                "99",
            ])
        )
        #expect(redis.ending == .exited(0))
        for program in ["worker-sync", "scheduler"] {
            let result = try await volume.run(program)
            #expect(result.ending == .exited(1))
            let told = result.lines.filter { $0.contains("were written by a newer Ringback") }
            #expect(told.count == 1, "\(result.output)")
        }
        await volume.redis.kill()
    }

    @Test("every program tells its version")
    func versions() async throws {
        let volume = try await Volume()
        for program in [
            "ringback", "scheduler", "server", "worker-sync", "worker-attribution",
            "worker-conversion", "worker-export", "worker-upkeep", "elevenlabs-simulator",
        ] {
            let result = try await volume.run(program, "--version")
            #expect(result.ending == .exited(0), "\(program): \(result.output)")
            #expect(result.lines.count == 1, "\(program): \(result.output)")
            #expect(result.output.contains("."), "\(program): \(result.output)")
        }
        await volume.redis.kill()
    }
}
