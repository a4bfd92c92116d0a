import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JobQueue
import Telemetry
import TestSupport
import Testing
import WebAPI

@Suite struct AccessTests {
    struct Asked: Sendable {
        var host: String?
        var headers: [String: String] = [:]
        var isAllowed: Bool
    }

    @Test(
        "without a token only requests to this machine by name are served",
        arguments: [
            Asked(host: "localhost", isAllowed: true),
            Asked(host: "LOCALHOST:9000", isAllowed: true),
            Asked(host: "127.0.0.1:9000", isAllowed: true),
            Asked(host: "127.8.9.10", isAllowed: true),
            Asked(host: "[::1]:9000", isAllowed: true),
            Asked(host: "[::1]", isAllowed: true),
            Asked(host: nil, isAllowed: false),
            Asked(host: "ringback.example.com", isAllowed: false),
            Asked(host: "127.0.0.1.example.com", isAllowed: false),
            Asked(host: "localhost.example.com", isAllowed: false),
            Asked(host: "127.0.0.1:x", isAllowed: false),
            Asked(host: "127.0.0.256", isAllowed: false),
            Asked(host: "127.1", isAllowed: false),
            Asked(host: "128.0.0.1", isAllowed: false),
            Asked(host: "10.0.0.1", isAllowed: false),
            Asked(host: "[::2]", isAllowed: false),
            Asked(host: "[::1", isAllowed: false),
            Asked(host: "[::1]x", isAllowed: false),
            Asked(host: "user@localhost", isAllowed: false),
            Asked(host: "localhost", headers: ["x-forwarded-for": "1.2.3.4"], isAllowed: false),
            Asked(host: "localhost", headers: ["forwarded": "for=1.2.3.4"], isAllowed: false),
            Asked(host: "localhost", headers: ["x-forwarded-host": "a"], isAllowed: false),
            Asked(host: "localhost", headers: ["x-real-ip": "1.2.3.4"], isAllowed: false),
            Asked(host: "localhost", headers: ["via": "1.1 proxy"], isAllowed: false),
        ]
    )
    func loopback(asked: Asked) throws {
        var headers = HTTPFields()
        for (name, value) in asked.headers {
            headers[try #require(HTTPField.Name(name))] = value
        }
        let refusal = AccessRule.loopback.refusal(authority: asked.host, headers: headers)
        #expect(refusal?.code == (asked.isAllowed ? nil : .hostNotAllowed))
    }

    @Test("probes and webhooks are served whoever forwarded them; nothing else is")
    func publicRoutes() async throws {
        try await WebFixture.serve { _, client in
            var headers = HTTPFields()
            headers[try #require(HTTPField.Name("x-forwarded-for"))] = "1.2.3.4"
            try await client.execute(uri: "/healthz", method: .get, headers: headers) {
                #expect($0.status == .ok)
            }
            try await client.execute(
                uri: WebFixture.webhookPath,
                method: .post,
                headers: headers,
                body: ByteBuffer(string: "{}")
            ) { #expect($0.status == .unauthorized) }
            for path in ["/metrics", "/nowhere", "/healthz/", "//healthz", "/healthz/../metrics"] {
                try await client.execute(uri: path, method: .get, headers: headers) { response in
                    #expect(response.status == .forbidden, "\(path)")
                    let body = String(buffer: response.body)
                    #expect(body.contains("\"code\":\"host_not_allowed\""))
                }
            }
        }
    }

    @Test(
        "with a token everything that is not public needs it",
        arguments: [
            ("Bearer hush-hush", true), ("bearer  hush-hush", true), ("Bearer hush-hus", false),
            ("Bearer hush-hush2", false), ("Bearer ", false), ("hush-hush", false),
            ("Basic hush-hush", false), ("", false),
        ]
    )
    func token(header: String, isAllowed: Bool) async throws {
        try await WebFixture.serve(access: .token("hush-hush")) { _, client in
            var headers = HTTPFields()
            if !header.isEmpty { headers[.authorization] = header }
            try await client.execute(uri: "/metrics", method: .get, headers: headers) { response in
                #expect(response.status == (isAllowed ? .ok : .unauthorized))
                if !isAllowed {
                    #expect(response.headers[.wwwAuthenticate] == "Bearer")
                    #expect(String(buffer: response.body).contains("\"sign_in_needed\""))
                }
            }
            try await client.execute(uri: "/healthz", method: .get) { #expect($0.status == .ok) }
        }
    }
}

@Suite struct PageTests {
    private static let local: HTTPFields = {
        var headers = HTTPFields()
        if let host = HTTPField.Name("host") { headers[host] = "localhost" }
        return headers
    }()

    @Test("is healthy while store and queue answer")
    func healthy() async throws {
        try await WebFixture.serve { _, client in
            try await client.execute(uri: "/healthz", method: .get) { response in
                #expect(response.status == .ok)
                #expect(
                    String(buffer: response.body)
                        == "{\"status\":\"ok\",\"checks\":{\"store\":\"ok\",\"redis\":\"ok\"}}\n"
                )
                #expect(response.headers[.cacheControl] == "no-store")
            }
        }
    }

    @Test("says which of the two is missing")
    func unhealthy() async throws {
        try await WebFixture.serve { fixture, client in
            for queue in fixture.queues {
                queue.setFaults { _ in .failBefore(.unavailable(reason: "test")) }
            }
            try await client.execute(uri: "/healthz", method: .get) { response in
                #expect(response.status == .serviceUnavailable)
                let body = String(buffer: response.body)
                #expect(body.contains("\"store\":\"ok\""))
                #expect(body.contains("\"redis\":\"does not answer\""))
            }
            try await client.execute(uri: "/metrics", method: .get, headers: Self.local) {
                let text = String(buffer: $0.body)
                #expect($0.status == .ok)
                #expect(text.contains("ringback_queue_up{queue=\"sync\"} 0\n"))
                #expect(!text.contains("ringback_queue_ready_jobs{"))
            }
        }
    }

    @Test("shows the figures of all queues, the budget and the webhooks")
    func metrics() async throws {
        try await WebFixture.serve { fixture, client in
            let queue = try #require(fixture.queues.first)
            let job = NewJob(id: try JobID("a"), kind: "sync", lane: .hi, payload: [])
            _ = try await queue.enqueue([job], call: EnqueueCallID("call"))
            let full = try #require(fixture.queues.last)
            _ = try await full.pressure(setting: [.softDepth: 0, .hardDepth: 1])
            let more = NewJob(id: try JobID("b"), kind: "upkeep", payload: [])
            _ = try await full.enqueue([more], call: EnqueueCallID("more"))
            _ = try await WebFixture.send("{\"type\":\"odd\\nname\"}", with: client)
            try await client.execute(uri: "/metrics", method: .get, headers: Self.local) {
                #expect($0.headers[.contentType] == PrometheusText.contentType)
                let lines = Set(String(buffer: $0.body).split(separator: "\n").map(String.init))
                let expected = [
                    "ringback_queue_up{queue=\"upkeep\"} 1",
                    "ringback_queue_ready_jobs{queue=\"sync\",lane=\"hi\"} 1",
                    "ringback_queue_ready_jobs{queue=\"sync\",lane=\"low\"} 0",
                    "ringback_queue_enqueued_jobs_total{queue=\"sync\"} 1",
                    "ringback_queue_dead_jobs{queue=\"export\"} 0",
                    "ringback_queue_paused{queue=\"sync\"} 0",
                    "ringback_queue_workers{queue=\"sync\"} 0",
                    "ringback_upstream_parallel 2",
                    "ringback_upstream_parallel_max 3",
                    "ringback_upstream_requests_in_flight 1",
                    "ringback_upstream_quiet_seconds 7",
                    "ringback_upstream_circuit{state=\"closed\"} 0",
                    "ringback_upstream_circuit{state=\"half-open\"} 0",
                    "ringback_upstream_circuit{state=\"open\"} 1",
                    "ringback_upstream_circuit_openings 2",
                    "ringback_upstream_request_interval_seconds 0.25",
                    "ringback_queue_stalled{queue=\"sync\"} 1",
                    "ringback_queue_stalled{queue=\"export\"} 0",
                    "ringback_queue_slow_down_seconds{queue=\"sync\"} 0",
                    "ringback_queue_slow_down_seconds{queue=\"upkeep\"} 5",
                    "ringback_queue_lane_refused{queue=\"sync\",lane=\"low\"} 0",
                    "ringback_queue_lane_refused{queue=\"upkeep\",lane=\"low\"} 1",
                    "ringback_queue_lane_refused{queue=\"upkeep\",lane=\"std\"} 0",
                    "ringback_last_webhook_timestamp_seconds 1794700000",
                    "ringback_webhooks_configured 1",
                    "ringback_webhook_duration_seconds_count 1",
                    "ringback_healthy{check=\"redis\"} 1",
                    "ringback_outbox_jobs 1",
                    "ringback_inbox_waiting_webhooks 1",
                    "ringback_upstream_halted 0",
                    "# TYPE ringback_store_wal_bytes gauge",
                    "ringback_last_webhook_age_seconds 0",
                    "ringback_webhooks_total{result=\"stored\",type=\"other\"} 1",
                    "# TYPE ringback_queue_enqueued_jobs_total counter",
                    "# TYPE ringback_queue_oldest_ready_seconds gauge",
                ]
                for line in expected {
                    let isThere = lines.contains(line)
                    #expect(isThere, "missing: \(line)")
                }
                #expect(!lines.contains { $0.hasPrefix("ringback_last_poll") })
            }
        }
    }

    @Test("an unknown address is a JSON 404")
    func notFound() async throws {
        try await WebFixture.serve { _, client in
            try await client.execute(uri: "/nowhere", method: .get, headers: Self.local) {
                #expect($0.status == .notFound)
                #expect(
                    String(buffer: $0.body)
                        == "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        + "\"code\":\"not_found\",\"detail\":\"There is nothing at this "
                        + "address.\"}\n"
                )
            }
        }
    }

    @Test("every family of the queues' metrics has a name by Prometheus' rules")
    func names() throws {
        let queue = try QueueName("sync")
        let families = QueueMetrics.families([
            QueueMetrics.Reading(queue: queue, figures: nil)
        ])
        #expect(Set(families.map(\.name)).count == families.count)
        for family in families {
            #expect(family.name.wholeMatch(of: /ringback_[a-z_]+/) != nil)
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter))
        }
    }
}
