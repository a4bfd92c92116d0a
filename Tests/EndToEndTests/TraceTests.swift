import Ambient
import Foundation
import HTTPClient
import TestSupport
import Testing
import Traces

/// One webhook's way through the processes, followed by its trace.
@Suite("traces", .serialized)
struct TraceTests {
    private static let secret = "wsec_of_this_test"
    private static let kinds = ["sync", "attribution", "conversion"]

    @Test("a webhook's trace is on every job and every log line that follows from it")
    func webhook() async throws {
        let folder = try ScratchFolder()
        let redis = try await PrivateRedis.start()
        let (fleet, simulator, server) = try await start(in: folder, redis)
        let probe = try StoreProbe(path: "\(folder.path)/data/ringback.sqlite")
        try probe.execute(
            """
            CREATE TABLE test_traces(job_id TEXT NOT NULL, trace TEXT NOT NULL);
            CREATE TRIGGER test_outbox AFTER INSERT ON outbox BEGIN
                INSERT INTO test_traces VALUES (NEW.job_id, NEW.trace);
            END;
            """
        )
        let sent = TraceContext.root(from: Ambient.live())
        let status = try await SignedWebhook.send(
            try await body(of: simulator),
            to: server,
            secret: Self.secret,
            headers: [HTTPHeader(TraceContext.header, sent.traceparent)]
        )
        #expect(status == 200)
        let isDone = try await eventually(within: .seconds(30)) {
            try probe.count("SELECT count(DISTINCT kind) FROM ledger") == Self.kinds.count
                && probe.count("SELECT count(*) FROM outbox") == 0
        }
        await fleet.end(keepingLogs: true)
        let said = fleet.logs
        #expect(isDone, "\(said)")

        let jobs = Set(try probe.texts("SELECT job_id FROM test_traces"))
        #expect(jobs == Set(try probe.texts("SELECT job_id FROM ledger")))
        let traces = try probe.texts("SELECT trace FROM test_traces")
            .compactMap { TraceContext(traceparent: $0) }
        #expect(traces.count == jobs.count)
        #expect(traces.allSatisfy { $0.traceID == sent.traceID })
        #expect(Set(traces.map(\.spanID)).union([sent.spanID]).count == jobs.count + 1)

        let lines = try fleet.names.flatMap { try LogLine.read(fleet.process($0)) }
        let own = lines.filter { $0.metadata["trace_id"] == sent.traceID }
        #expect(own.contains { $0.program == "server" && $0.message == "A webhook is kept" })
        let ended = own.filter { $0.message == "attempt ended" }
        #expect(Set(ended.compactMap { $0.metadata["job"] }) == jobs, "\(said)")
        #expect(Set(ended.map(\.program)) == Set(Self.kinds.map { "worker-\($0)" }))
        #expect(ended.allSatisfy { $0.metadata["attempt"] == "1" && $0.metadata["span_id"] != nil })
        let others = lines.filter { line in
            line.metadata["job"].map(jobs.contains) ?? false
                && line.metadata["trace_id"] != sent.traceID
        }
        #expect(others == [])
        #expect(lines.allSatisfy { $0.text.firstMatch(of: /\+[0-9]{8}/) == nil })
        await redis.end()
    }

    /// Starts the simulator, a server and a worker of each kind, but no scheduler.
    private func start(
        in folder: ScratchFolder,
        _ redis: PrivateRedis
    ) async throws -> (fleet: Fleet, simulator: String, server: String) {
        let address = "127.0.0.1:\(try FreePort.next())"
        let upstream = Fleet(folder: folder, environment: [:])
        let process = try await upstream.start(
            "simulator",
            "elevenlabs-simulator",
            ["--port", "0", "--calls", "20", "--days", "2", "--seed", "3"]
        )
        let line = try await process.line(containing: "listening on ")
        let simulator = String(line.split(separator: " ").last ?? "")
        let fleet = Fleet(
            folder: folder,
            environment: [
                "REDIS_URL": redis.url,
                "RINGBACK_DB": "\(folder.path)/data/ringback.sqlite",
                "RINGBACK_HTTP": address,
                "RINGBACK_RULES": "\(Executables.checkout)/rules",
                "RINGBACK_WEB": "\(Executables.checkout)/web",
                "ELEVENLABS_BASE_URL": simulator,
                "ELEVENLABS_API_KEY": "simulator",
                "ELEVENLABS_WEBHOOK_SECRET": Self.secret,
                "LOG_FORMAT": "json",
                "LOG_LEVEL": "debug",
            ]
        )
        fleet.adopt("simulator", process)
        let server = try await fleet.start("server", "server")
        try await server.line(containing: "The server takes requests")
        for kind in Self.kinds { try await fleet.start("worker-\(kind)", "worker-\(kind)") }
        return (fleet, simulator, address)
    }

    /// A webhook about one of the simulator's calls that have ended.
    private func body(of simulator: String) async throws -> String {
        let rows = try await Truth(address: simulator).rows()
        let call = try #require(rows.values.filter { $0.status == "done" }.min { $0.id < $1.id })
        let client = try HTTPClient(ambient: .live())
        let response = try await client.send(
            HTTPRequest(
                url: "\(simulator)/v1/convai/conversations/\(call.id)",
                headers: [HTTPHeader("xi-api-key", "simulator")]
            )
        )
        await client.shutDown()
        #expect(response.status == 200)
        let detail = String(decoding: response.body, as: UTF8.self)
        return """
            {"type":"post_call_transcription","event_timestamp":\(call.startedUnix),"data":\(detail)}
            """
    }
}

/// One line of a log in its JSON form.
private struct LogLine: Decodable, Equatable {
    let program: String
    let message: String
    let metadata: [String: String]
    var text = ""

    private enum CodingKeys: String, CodingKey {
        case program
        case message
        case metadata
    }

    /// Every line of a process's log; what is no JSON is not of the log.
    static func read(_ process: ChildProcess?) throws -> [LogLine] {
        let lines = process?.recentOutput.split(separator: "\n") ?? []
        return try lines.filter { $0.hasPrefix("{") }.map { text in
            var line = try JSONDecoder().decode(LogLine.self, from: Data(text.utf8))
            line.text = String(text)
            return line
        }
    }
}
