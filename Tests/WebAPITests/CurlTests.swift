import CallStore
import Foundation
import TestSupport
import Testing
import WebAPI

/// The server on a real port, asked by the client that people use.
@Suite struct CurlTests {
    /// Runs a body with the address of a server, and ends it.
    private static func serve(
        _ body: @Sendable (WebFixture, _ address: String) async throws -> Void
    ) async throws {
        let fixture = try await WebFixture()
        try await fixture.listen { try await body(fixture, "http://127.0.0.1:\($0)") }
        try fixture.close()
    }

    private static func curl(_ arguments: String...) async throws -> String {
        String(decoding: try await OtherProgram.run(["curl", "-sS"] + arguments), as: UTF8.self)
    }

    @Test("the commands of the documentation are answered with exactly the shapes")
    func commands() async throws {
        try await Self.serve { _, address in
            let path = address + "/analytics/elevenlabs"
            let figures = try await Self.curl("-X", "GET", path)
            #expect(try SchemaCheck("analytics").problems(in: figures) == [])
            let posted = try await Self.curl(
                "-X",
                "POST",
                path + "/conversations",
                "-d",
                """
                {"conversation_id": "test", "agent_id": "agent1", \
                "start_time": "2025-06-08T12:00:00", "status": "active", "messages_count": 0}
                """
            )
            #expect(try SchemaCheck("conversation").problems(in: posted) == [])
            let list = try await Self.curl("-X", "GET", path + "/conversations?limit=5")
            #expect(try SchemaCheck("conversation").problems(inListOf: list) == [])
            #expect(list.contains("\"test\""))
        }
    }

    @Test("a body of 100 MB that is not announced is refused before it is here")
    func largeBody() async throws {
        try await Self.serve { fixture, address in
            let call = try await fixture.record(.heard("conv_1"))
            for path in ["/api/v1/calls/\(call)/exclusion", "/analytics/elevenlabs/conversations"] {
                let said = try await OtherProgram.run([
                    "sh", "-c",
                    """
                    head -c 104857600 /dev/zero 2>/dev/null | curl -s -o /dev/null -w '%{http_code}' \
                    -X POST -H 'Transfer-Encoding: chunked' --data-binary @- "$0" || true
                    """,
                    address + path,
                ])
                #expect(String(decoding: said, as: UTF8.self) == "413", "\(path)")
            }
            // It is still well.
            #expect(try await Self.curl(address + "/healthz").contains("\"status\":\"ok\""))
        }
    }
}
