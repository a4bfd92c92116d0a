import CallJobs
import CallStore
import Conversion
import Crypto
import Foundation
import HTTPTypes
import JobQueue
import Testing
import WebAPI

@Suite("The API's description and its routes")
struct EndpointTests {
    /// What the description says of an operation's answer.
    private static func schema(
        _ document: [String: Any],
        _ path: String,
        _ method: String,
        _ status: String = "200"
    ) throws -> SchemaCheck {
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let operation = try #require(paths[path]?[method] as? [String: Any])
        let responses = try #require(operation["responses"] as? [String: [String: Any]])
        let content = responses[status]?["content"] as? [String: [String: Any]]
        return SchemaCheck(try #require(content?["application/json"]?["schema"] as? [String: Any]))
    }

    @Test("every list answers as the description says, and refuses other methods")
    func lists() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            let campaign = try await fixture.store.write { writer in
                try writer.add(NewCampaign(name: "Spring", channel: .mail))
            }
            _ = try await client.ask(
                .post,
                "/api/v1/calls/\(call)/assignment",
                "{\"scope\":\"call\",\"campaign\":\(campaign)}"
            )
            let rules = try RulesFile.parse("type: talk\nsuccessful success", file: "talk.rules")
            let rescore = try #require(RescoreID("rs-1"))
            try await fixture.store.write { writer in
                try writer.keep(rules.stored)
                try writer.start(
                    RescoreOrder(
                        version: rules.version,
                        fromUnix: 0,
                        toUnix: WebFixture.nowUnix,
                        person: "ana"
                    ),
                    as: rescore
                )
            }
            let document = try await client.ask(.get, "/openapi.json").object()
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            for (path, operations) in paths {
                guard operations["get"] != nil, !path.contains("{name}") else { continue }
                guard !path.contains("exports/{id}"), !path.contains("jobs/{id}"),
                    !path.contains("labels/queue"), !path.contains("schedules"),
                    !path.contains("/qr."), path != "/api/v1/live"
                else { continue }
                let id =
                    path.contains("campaigns")
                    ? "\(campaign)"
                    : path.contains("analytics")
                        ? "conv_1" : path.contains("rescores") ? "\(rescore)" : "\(call)"
                let address = path.replacing("{id}", with: id)
                let answer = try await client.ask(.get, address)
                #expect(answer.status == 200, "\(path): \(answer.body)")
                let problems = try Self.schema(document, path, "get").problems(in: answer.body)
                #expect(problems == [], "\(path)")
                let other = try await client.ask(.trace, address)
                #expect([403, 405].contains(other.status), "\(path)")
            }
        }
    }

    @Test("queues are paused and resumed, and the audit log says by whom")
    func queues() async throws {
        try await WebFixture.serve { fixture, client in
            let path = "/api/v1/queues/export"
            #expect(try await client.ask(.post, path + "/pause", "{}").status == 400)
            let paused = try await client.ask(.post, path + "/pause", "{\"reason\":\"disk\"}")
            #expect(paused.status == 200)
            #expect(try await client.ask(.get, path).object()["paused"] as? Bool == true)
            #expect(try await client.ask(.post, path + "/resume").status == 200)
            #expect(try await client.ask(.get, path).object()["paused"] as? Bool == false)
            let log = try await fixture.store.auditLog(object: "queue:export", limit: 9)
            #expect(log.map(\.note.action) == ["queue.resume", "queue.pause"])
            #expect(try await client.ask(.get, "/api/v1/queues/none").status == 404)
        }
    }

    @Test("an export's file comes whole, in parts, or not at all when it is known")
    func file() async throws {
        try await WebFixture.serve { fixture, client in
            let text = "0123456789"
            let path = fixture.folder.appending(path: "calls.csv")
            try Data(text.utf8).write(to: path)
            let digest = SHA256.hash(data: Data(text.utf8)).map { byte in
                String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }.joined()
            let record = ExportRecord.sample("export-1", sha256: digest)
            try await fixture.store.write { _ = try $0.add(record) }
            let address = "/api/v1/exports/export-1/file"
            // The page leads to it.
            let page = try await client.ask(.get, "/exports").body
            #expect(page.contains("href=\"\(address)\""))
            let manifest = "/api/v1/exports/export-1/manifest"
            #expect(page.contains("href=\"\(manifest)\""))
            try Data("{\"rows\":1}".utf8).write(to: fixture.folder.appending(path: "calls.json"))
            let described = try await client.ask(.get, manifest)
            #expect(try described.object()["rows"] as? Int == 1)
            let whole = try await client.ask(.get, address)
            #expect(whole.status == 200 && whole.body == text)
            #expect(whole.header("etag") == "\"\(digest)\"")
            let parts: [(String, Int, String, String?)] = [
                ("bytes=2-4", 206, "234", "bytes 2-4/10"), ("bytes=7-", 206, "789", "bytes 7-9/10"),
                ("bytes=-3", 206, "789", "bytes 7-9/10"),
                ("bytes=5-99", 206, "56789", "bytes 5-9/10"),
                ("bytes=10-", 416, "", "bytes */10"), ("bytes=4-2", 416, "", "bytes */10"),
                ("items=1-2", 200, text, nil),
            ]
            for (range, status, body, content) in parts {
                let answer = try await client.ask(.get, address, headers: ["range": range])
                #expect(answer.status == status, "\(range)")
                if status != 416 { #expect(answer.body == body, "\(range)") }
                #expect(answer.header("content-range") == content, "\(range)")
            }
            let known = try await client.ask(
                .get,
                address,
                headers: ["if-none-match": "\"\(digest)\""]
            )
            #expect(known.status == 304 && known.body.isEmpty)
            let other = try await client.ask(
                .get,
                address,
                headers: ["range": "bytes=2-4", "if-range": "\"other\""]
            )
            #expect(other.status == 200 && other.body == text)
            #expect(try await client.ask(.delete, "/api/v1/exports/export-1").status == 200)
            #expect(!FileManager.default.fileExists(atPath: path.path))
            #expect(try await client.ask(.get, address).status == 404)
        }
    }

    @Test("an export is asked for, and is a job of its queue with a line in the audit log")
    func export() async throws {
        try await WebFixture.serve { fixture, client in
            let answer = try await client.ask(
                .post,
                "/api/v1/exports",
                "{\"what\":\"calls\",\"dialect\":\"excel\",\"from\":\"2026-05-01\"}"
            )
            #expect(answer.status == 202)
            let id = try #require(try answer.object()["id"] as? String)
            let one = try await client.ask(.get, "/api/v1/exports/\(id)").object()
            #expect(one["state"] as? String == "ready")
            let log = try await fixture.store.auditLog(object: "job:\(id)", limit: 2)
            #expect(log.first?.note.action == "export.request")
            let bad = try await client.ask(.post, "/api/v1/exports", "{\"what\":\"secrets\"}")
            #expect(bad.status == 400)
        }
    }

    @Test("a rules text is checked and nothing of it kept")
    func rules() async throws {
        try await WebFixture.serve { fixture, client in
            let bad = try await client.ask(
                .post,
                "/api/v1/rules/check",
                "{\"text\":\"rules:\\n  - nonsense: 1\\n\"}"
            )
            #expect(bad.status == 200)
            #expect(try bad.object()["ok"] as? Bool == false)
            #expect((try bad.object()["problems"] as? [Any])?.isEmpty == false)
            #expect(try await fixture.store.ruleVersions(limit: 5).isEmpty)
        }
    }
}
