import NIOCore
import NIOPosix
import Telemetry
import Testing

@Suite("health endpoint")
struct HealthServerTests {
    /// Runs a body against a server on a port of its own.
    private func withServer(
        healthy: Bool = true,
        _ body: @Sendable @escaping (Int) async throws -> Void
    ) async throws {
        let server = HealthServer(
            host: "127.0.0.1",
            port: 0,
            metrics: { "# TYPE up gauge\nup 1\n" },
            health: {
                HealthReport(checks: [
                    .init(name: "redis", isHealthy: healthy, detail: "no \"answer\""),
                    .init(name: "store", isHealthy: true, detail: ""),
                ])
            }
        )
        let (ports, port) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { port.yield($0) } }
            for await number in ports {
                try await body(number)
                break
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Sends bytes and reads what comes back until the other side closes.
    private func exchange(_ request: String, port: Int) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = ""
            for try await part in inbound { answer += String(buffer: part) }
            return answer
        }
    }

    @Test("says that all is well")
    func healthy() async throws {
        try await withServer { port in
            let answer = try await exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port: port)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(
                answer.hasSuffix(#"{"status":"ok","checks":{"redis":"ok","store":"ok"}}"# + "\n")
            )
        }
    }

    @Test("says what is not well, with 503")
    func unhealthy() async throws {
        try await withServer(healthy: false) { port in
            let answer = try await exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port: port)
            #expect(answer.hasPrefix("HTTP/1.1 503"))
            #expect(answer.contains(#""status":"failing""#))
            #expect(answer.contains(#""redis":"no \"answer\"""#))
        }
    }

    @Test("gives the metrics with their content type, and no body to HEAD")
    func metrics() async throws {
        try await withServer { port in
            let get = try await exchange("GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", port: port)
            #expect(get.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(get.hasSuffix("\r\n\r\n# TYPE up gauge\nup 1\n"))
            let head = try await exchange("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", port: port)
            #expect(head.hasSuffix("\r\n\r\n"))
            #expect(head.contains("content-length: 21\r\n"))
        }
    }

    @Test(
        "refuses everything else",
        arguments: [("GET /other", "404"), ("POST /metrics", "405"), ("DELETE /healthz", "405")]
    )
    func refuses(request: String, status: String) async throws {
        try await withServer { port in
            let answer = try await exchange("\(request) HTTP/1.1\r\nHost: x\r\n\r\n", port: port)
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
        }
    }

    @Test("a taken port is said with its address")
    func takenPort() async throws {
        try await withServer { port in
            let second = HealthServer(
                host: "127.0.0.1",
                port: port,
                metrics: { "" },
                health: { HealthReport(checks: []) }
            )
            let error = await #expect(throws: HealthServerError.self) { try await second.run() }
            guard case .cannotListen(let address, _) = error else {
                Issue.record("unexpected: \(String(describing: error))")
                return
            }
            #expect(address == "127.0.0.1:\(port)")
        }
    }
}
