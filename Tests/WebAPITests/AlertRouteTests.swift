import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Alerts and endpoints over HTTP")
struct AlertRouteTests {
    private static func ask(
        _ client: any TestClientProtocol,
        _ path: String,
        _ method: HTTPRequest.Method = .get,
        _ body: String? = nil
    ) async throws -> (status: Int, json: [String: Any], link: String?) {
        var headers = HTTPFields()
        headers[try #require(HTTPField.Name("host"))] = "localhost"
        let response = try await client.execute(
            uri: path,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        )
        let data = Data(response.body.readableBytesView)
        let json =
            data.isEmpty
            ? [:] : try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        let link = HTTPField.Name("link").flatMap { response.headers[$0] }
        return (Int(response.status.code), json, link)
    }

    @Test("an endpoint shows its secret once, and is removed once")
    func endpoints() async throws {
        try await WebFixture.serve { fixture, client in
            let made = try await Self.ask(
                client,
                "/api/v1/endpoints",
                .post,
                #"{"url":"https://crm.example.com/hook","events":["conversion.added"]}"#
            )
            #expect(made.status == 201)
            #expect((made.json["secret"] as? String)?.hasPrefix("rbsec_") == true)
            let id = try #require(made.json["id"] as? Int)
            let listed = try await Self.ask(client, "/api/v1/endpoints")
            let items = try #require(listed.json["items"] as? [[String: Any]])
            #expect(items.count == 1 && items[0]["secret"] == nil)
            #expect(items[0]["events"] as? [String] == ["conversion.added"])
            #expect(try await Self.ask(client, "/api/v1/endpoints/\(id)", .delete).status == 204)
            #expect(try await Self.ask(client, "/api/v1/endpoints/\(id)", .delete).status == 404)
            #expect(try await Self.ask(client, "/api/v1/endpoints/x", .delete).status == 404)
            #expect(try fixture.number("select count(*) from audit_log") == 2)
        }
    }

    @Test(
        "what is no endpoint is refused",
        arguments: [
            "", "{}", #"{"url":"ftp://example.com"}"#, #"{"url":"https://u:p@example.com"}"#,
            #"{"url":"https://example.com","events":["call.lost"]}"#, #"{"url":5}"#,
        ]
    )
    func refuses(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await Self.ask(client, "/api/v1/endpoints", .post, body)
            #expect(answer.status == 400)
            let rows = try fixture.number("select count(*) from event_endpoints")
            #expect(rows == 0)
        }
    }

    @Test("deliveries come page by page, and alerts as they stand")
    func pages() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.store.write { writer in
                let endpoint = try writer.addEndpoint(url: "https://example.com", kinds: []).id
                for number in 1...5 {
                    try writer.note(
                        EventDelivery(
                            endpoint: endpoint,
                            event: nil,
                            kind: "test",
                            atMilliseconds: Int64(number) * 1_000,
                            attempt: number,
                            outcome: .failed,
                            status: nil,
                            reason: "x",
                            milliseconds: 1
                        )
                    )
                }
                try writer.keep([
                    AlertState(
                        rule: "dead-jobs",
                        isFiring: true,
                        sinceMilliseconds: 1_000,
                        checkedMilliseconds: 2_000,
                        text: "Dead jobs: 2 in sync.",
                        notifiedMilliseconds: nil,
                        isTold: false
                    )
                ])
            }
            var attempts: [Int] = []
            var path: String? = "/api/v1/deliveries?limit=2&endpoint=1"
            while let next = path {
                let page = try await Self.ask(client, next)
                let items = try #require(page.json["items"] as? [[String: Any]])
                attempts += items.compactMap { $0["attempt"] as? Int }
                path = page.link.map { String($0.dropFirst().prefix { $0 != ">" }) }
                #expect((page.json["next"] is NSNull) == (path == nil))
                guard attempts.count < 100 else { break }
            }
            #expect(attempts == [5, 4, 3, 2, 1])
            for query in ["limit=0", "limit=201", "limit=x", "cursor=x", "endpoint=-1"] {
                #expect(try await Self.ask(client, "/api/v1/deliveries?\(query)").status == 400)
            }
            let alerts = try await Self.ask(client, "/api/v1/alerts")
            let items = try #require(alerts.json["items"] as? [[String: Any]])
            #expect(items.map { $0["rule"] as? String } == ["dead-jobs"])
            #expect(items[0]["title"] as? String == "Jobs have failed for good")
        }
    }

    @Test("a rule is set, switched off and put back, each with a line in the audit log")
    func rules() async throws {
        try await WebFixture.serve { fixture, client in
            let path = "/api/v1/alerts/rules"
            let all = try await Self.ask(client, path)
            let items = try #require(all.json["items"] as? [[String: Any]])
            #expect(items.count == 13)
            #expect(items.allSatisfy { $0["on"] as? Bool == true && $0["by"] is NSNull })
            let poll = path + "/poll-failing"
            let set = try await Self.ask(client, poll, .patch, #"{"threshold":90}"#)
            #expect(set.status == 200)
            #expect(set.json["threshold"] as? Double == 90)
            #expect(set.json["standard"] as? Double == 46)
            #expect(set.json["unit"] as? String == "minutes")
            // What is not said stays.
            let off = try await Self.ask(client, poll, .patch, #"{"on":false}"#)
            #expect(off.json["on"] as? Bool == false)
            #expect(off.json["threshold"] as? Double == 90)
            #expect(try await Self.ask(client, poll, .patch, #"{"threshold":1}"#).status == 422)
            #expect(try await Self.ask(client, path + "/none", .patch, "{}").status == 404)
            let back = try await Self.ask(client, poll, .delete)
            #expect(back.json["on"] as? Bool == true)
            #expect(back.json["threshold"] as? Double == 46)
            _ = try await Self.ask(client, poll, .delete)
            let log = try await fixture.store.auditLog(object: "alert:poll-failing", limit: 9)
            #expect(log.map(\.note.action) == ["alert.reset", "alert.set", "alert.set"])
        }
    }

    @Test("a rule that is switched off forgets where it stood")
    func forgets() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.store.write { writer in
                try writer.keep([
                    AlertState(
                        rule: "dead-jobs",
                        isFiring: true,
                        sinceMilliseconds: 1,
                        checkedMilliseconds: 1,
                        text: "Dead jobs: 1 in sync.",
                        notifiedMilliseconds: 1,
                        isTold: true
                    )
                ])
            }
            let path = "/api/v1/alerts/rules/dead-jobs"
            _ = try await Self.ask(client, path, .patch, #"{"threshold":5}"#)
            #expect(try await fixture.store.alertStates().count == 1)
            _ = try await Self.ask(client, path, .patch, #"{"on":false}"#)
            #expect(try await fixture.store.alertStates().isEmpty)
        }
    }
}
