import Foundation
import TestSupport
import Testing

/// What goes wrong at the start is said in one clear line, and nothing is left half-written.
@Suite("failures at the start")
struct FailureTests {
    @Test("a missing Redis")
    func missingRedis() async throws {
        let folder = try ScratchFolder()
        let fleet = Fleet(
            folder: folder,
            environment: ["REDIS_URL": "redis://127.0.0.1:\(try FreePort.next())"]
        )
        let result = try await fleet.ringback("status")
        #expect(result.ending == .exited(3))
        #expect(result.lines.count == 1, "\(result.output)")
        #expect(result.output.contains("Redis"))
    }

    @Test("no Redis anywhere")
    func noRedis() async throws {
        let folder = try ScratchFolder()
        let result = try await Fleet(folder: folder, environment: [:]).ringback("enqueue", "upkeep")
        #expect(result.ending == .exited(3) || result.ending == .exited(2))
        #expect(result.lines.count == 1, "\(result.output)")
    }

    @Test("a broken schedules file stops the start and names file, line and field")
    func brokenSchedules() async throws {
        let folder = try ScratchFolder()
        let schedules = "\(folder.path)/schedules"
        try FileManager.default.createDirectory(
            atPath: schedules,
            withIntermediateDirectories: false
        )
        try Data("- name: poll\n  cron: \"61 * * * *\"\n  job: sync\n".utf8)
            .write(to: URL(fileURLWithPath: "\(schedules)/bad.yaml"))
        let fleet = Fleet(
            folder: folder,
            environment: [
                "RINGBACK_SCHEDULES": schedules,
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
                "RINGBACK_HTTP": "127.0.0.1:\(try FreePort.next())",
            ]
        )
        let result = try await fleet.ringback("up")
        #expect(result.ending != .exited(0))
        #expect(result.output.contains("bad.yaml"), "\(result.output)")
        #expect(result.output.contains("cron"), "\(result.output)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/data/ringback.sqlite"))
    }

    @Test("a taken port")
    func takenPort() async throws {
        let redis = try await PrivateRedis.start(Self.listening)
        let port = try #require(redis.port)
        let folder = try ScratchFolder()
        let fleet = Fleet(
            folder: folder,
            environment: [
                "RINGBACK_HTTP": "127.0.0.1:\(port)",
                "RINGBACK_SCHEDULES": "\(Executables.checkout)/schedules",
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
            ]
        )
        let result = try await fleet.ringback("up")
        #expect(result.ending != .exited(0))
        #expect(result.output.contains("\(port)"), "\(result.output)")
        #expect(result.output.contains("RINGBACK_HTTP"), "\(result.output)")
        await redis.end()
    }

    @Test("a data folder that is a file")
    func unusableData() async throws {
        let folder = try ScratchFolder()
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/data"))
        let fleet = Fleet(
            folder: folder,
            environment: [
                "RINGBACK_SCHEDULES": "\(Executables.checkout)/schedules",
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
                "RINGBACK_HTTP": "127.0.0.1:\(try FreePort.next())",
            ]
        )
        let result = try await fleet.ringback("up")
        #expect(result.ending != .exited(0))
        #expect(result.output.contains("\(folder.path)/data"), "\(result.output)")
    }

    private static var listening: PrivateRedisOptions {
        var options = PrivateRedisOptions()
        options.listensOnTCP = true
        return options
    }
}
