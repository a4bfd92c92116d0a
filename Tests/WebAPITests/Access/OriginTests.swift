import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("Who may ask from where")
struct OriginTests {
    private static let list = "/analytics/elevenlabs/conversations"
    private static let report = """
        {"conversation_id":"c1","agent_id":"a","start_time":"2026-11-14T10:00:00Z",\
        "user_id":"secret-user","metadata":{"k":"secret-note"}}
        """
    private static let policy = AccessPolicy(
        corsOrigins: ["https://shop.example"],
        publicURL: "https://ringback.example"
    )

    @Test("a page of an allowed origin may report, and learns nothing that it did not send")
    func reports() async throws {
        for access in [AccessRule.loopback, .token("hush-hush-hush-hush")] {
            try await WebFixture.serve(access: access, policy: Self.policy) { fixture, client in
                var stored = ConversationReport(id: "c1")
                stored.agentID = "first"
                stored.startedUnix = WebFixture.nowUnix - 60
                stored.userID = "secret-user"
                let first = stored
                try await fixture.store.write { _ = try $0.track(first, endsOnly: false) }
                let shop = ["origin": "https://shop.example", "host": "ringback.example"]
                let posted = try await client.ask(
                    .post,
                    Self.list,
                    "{\"conversation_id\":\"c1\",\"agent_id\":\"b\",\"start_time\":\"2026-11-14T10:00:00\"}",
                    headers: shop
                )
                #expect(posted.status == 200)
                #expect(posted.header("access-control-allow-origin") == "https://shop.example")
                #expect(!posted.body.contains("secret-user"))
                #expect(try posted.object()["agent_id"] as? String == "b")
                let ended = try await client.ask(
                    .put,
                    Self.list + "/c1",
                    "{\"status\":\"completed\",\"duration_seconds\":30}",
                    headers: shop
                )
                #expect(ended.status == 204)
                let again = try await client.ask(
                    .put,
                    Self.list + "/c1",
                    "{\"status\":\"abandoned\"}",
                    headers: shop
                )
                #expect(again.status == 204)
                let found = try await fixture.store.conversation("c1")
                #expect(found?.agentID == "first")
                #expect(found?.userID == "secret-user")
                #expect(found?.state == .completed)
                #expect(found?.durationSeconds == 30)
            }
        }
    }

    @Test(
        "nobody else may report",
        arguments: [
            ["origin": "https://evil.example"], ["origin": "null"],
            ["origin": "https://shop.example.evil"], ["sec-fetch-site": "cross-site"],
            ["host": "ringback.example"],
        ]
    )
    func foreignReports(headers: [String: String]) async throws {
        let access = AccessRule.token("hush-hush-hush-hush")
        try await WebFixture.serve(access: access, policy: Self.policy) { fixture, client in
            let answer = try await client.ask(.post, Self.list, Self.report, headers: headers)
            #expect(answer.status == 403)
            #expect(try await fixture.store.conversation("c1") == nil)
        }
    }

    @Test("on this machine a foreign page changes nothing, and a program may")
    func loopback() async throws {
        try await WebFixture.serve(policy: Self.policy) { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            let path = "/api/v1/calls/\(call)/exclusion"
            let evil = try await client.ask(
                .post,
                path,
                "{\"reason\":\"test\"}",
                headers: ["origin": "https://evil.example", "content-type": "text/plain"]
            )
            #expect(evil.status == 403)
            #expect(evil.header("access-control-allow-origin") == nil)
            #expect(try await fixture.store.exclusion(of: call) == nil)
            #expect(try await client.ask(.post, path, "{\"reason\":\"test\"}").status == 200)
            let forwarded = try await client.ask(
                .get,
                "/api/v1/calls",
                headers: ["x-forwarded-for": "1.2.3.4"]
            )
            #expect(forwarded.status == 403)
        }
    }

    @Test("a preflight is answered for allowed origins alone")
    func preflight() async throws {
        try await WebFixture.serve(policy: Self.policy) { _, client in
            for (origin, status) in [("https://shop.example", 204), ("https://evil.example", 405)] {
                let answer = try await client.ask(
                    .options,
                    Self.list,
                    headers: ["origin": origin, "access-control-request-method": "POST"]
                )
                #expect(answer.status == (status == 204 ? 204 : answer.status))
                #expect((answer.status == 204) == (status == 204))
                #expect((answer.header("access-control-allow-origin") != nil) == (status == 204))
                #expect(answer.header("access-control-allow-credentials") == nil)
            }
        }
    }

    @Test("a read-only server shows everything and changes nothing")
    func readOnly() async throws {
        let policy = AccessPolicy(isReadOnly: true)
        try await WebFixture.serve(policy: policy) { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            #expect(try await client.ask(.get, "/api/v1/calls").status == 200)
            let change = try await client.ask(
                .post,
                "/api/v1/calls/\(call)/exclusion",
                "{\"reason\":\"test\"}"
            )
            #expect(change.status == 403)
            #expect(try change.object()["code"] as? String == "read_only")
            let report = try await client.ask(.post, Self.list, Self.report)
            #expect(report.status == 403)
            #expect(try await fixture.store.conversation("c1") == nil)
        }
    }

    @Test("every answer forbids scripts and frames of others, and is not kept")
    func headers() async throws {
        try await WebFixture.serve { _, client in
            for path in ["/healthz", "/api/v1/calls", "/nowhere", "/openapi.json"] {
                let answer = try await client.ask(.get, path)
                let policy = try #require(answer.header("content-security-policy"))
                #expect(policy.contains("default-src 'self'"))
                #expect(policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe"))
                #expect(answer.header("x-content-type-options") == "nosniff")
                #expect(answer.header("cache-control") == "no-store")
            }
        }
    }

    @Test(
        "a request's address is that before the trusted proxies",
        arguments: [
            ("10.0.0.1", "1.2.3.4", "1.2.3.4"), ("9.9.9.9", "1.2.3.4", "9.9.9.9"),
            ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
            ("10.0.0.1", "nonsense", "10.0.0.1"), ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
            ("fd00::1", "2001:db8::7", "2001:db8::7"), ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
            ("10.0.0.1", "", "10.0.0.1"),
        ]
    )
    func proxies(peer: String, forwarded: String, expected: String) throws {
        var headers = HTTPFields()
        headers[try #require(HTTPField.Name("x-forwarded-for"))] = forwarded
        let proxies = TrustedProxies(["10.0.0.0/8", "fd00::/16"])
        #expect(proxies.client(peer: peer, headers: headers) == expected)
    }

    @Test("a client that asks too often is told when to come back, and others are served")
    func rates() {
        let limiter = RateLimiter(elapsed: { .seconds(100) })
        var refused: Int?
        for _ in 0..<100 { refused = limiter.take(.publicChange, of: "1.2.3.4") ?? refused }
        #expect(refused == 1)
        #expect(limiter.take(.publicChange, of: "1.2.3.5") == nil)
        // One customer's IPv6 addresses are one client.
        for number in 0..<60 { _ = limiter.take(.publicChange, of: "2001:db8:1:2::\(number)") }
        #expect(limiter.take(.publicChange, of: "2001:db8:1:2::ffff") != nil)
        #expect(limiter.take(.publicChange, of: "2001:db8:1:3::1") == nil)
    }
}
