import CallStore
import Crypto
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("What a token's scope shows and opens")
struct RightsTests {
    private static let access = AccessRule.token("hush-hush-hush-hush")
    private static let admin = ["authorization": "Bearer hush-hush-hush-hush"]
    private static let reader = ["authorization": "Bearer rbk_read"]
    private static let writer = ["authorization": "Bearer rbk_write"]

    /// A server with a token that may read, and one that may write.
    private static func serve(
        _ body: @escaping @Sendable (WebFixture, any TestClientProtocol) async throws -> Void
    ) async throws {
        try await WebFixture.serve(access: access) { fixture, client in
            try await fixture.store.write { writer in
                for (scope, text) in [(APIToken.Scope.read, "rbk_read"), (.write, "rbk_write")] {
                    let hash = Data(SHA256.hash(data: Data(text.utf8)))
                    try writer.addToken(named: text, scope, hash: hash, by: "ana")
                }
            }
            try await body(fixture, client)
        }
    }

    @Test(
        "an address with an empty segment opens nothing",
        arguments: [
            "/api/v1//tokens", "//api/v1/tokens", "/api//v1/tokens", "/api/v1//queues/sync/pause",
            "/api/v1//dead/discard", "/api/v1/tokens//",
        ]
    )
    func emptySegments(path: String) async throws {
        try await Self.serve { fixture, client in
            let body = #"{"name":"mine","scope":"admin","by":"crm","reason":"x"}"#
            let answer = try await client.ask(.post, path, body, headers: Self.writer)
            #expect([403, 404].contains(answer.status), "\(answer.body)")
            #expect(try await fixture.store.apiTokens().count == 2)
        }
    }

    @Test("spoken numbers are masked for everybody but administrators, on every way to them")
    func spokenNumbers() async throws {
        try await Self.serve { fixture, client in
            let call = try await fixture.record(
                .heard("conv_1") {
                    $0.summary = "Call back: +4915112345678."
                    $0.transcript = [
                        Turn(speaker: .caller, message: "Call +4915112345678.", secondsIn: 1)
                    ]
                }
            )
            let messages = "/analytics/elevenlabs/conversations/conv_1/messages"
            let addresses = ["/calls/\(call)", "/calls", "/api/v1/calls", "/api/v1/calls/\(call)"]
            for path in addresses + [messages] {
                let masked = try await client.ask(.get, path, headers: Self.reader)
                #expect(masked.status == 200)
                // The list of calls shows its summaries only when it is asked to.
                #expect(path == "/calls" || masked.body.contains("Call "), "\(path)")
                #expect(!masked.body.contains("4915112345678"), "\(path)")
            }
            for path in ["/calls/\(call)", messages + "?showNumbers=true"] {
                let whole = try await client.ask(.get, path, headers: Self.admin)
                #expect(whole.body.contains("4915112345678"), "\(path)")
            }
            let refused = try await client.ask(
                .get,
                messages + "?showNumbers=true",
                headers: Self.writer
            )
            #expect(refused.status == 403)
        }
    }

    @Test("files with whole numbers are for those who may write; every fetch is noted")
    func files() async throws {
        try await Self.serve { fixture, client in
            for (number, what) in ["calls", "campaigns"].enumerated() {
                let record = ExportRecord.sample("export-\(number)", what: what)
                try await fixture.store.write { _ = try $0.add(record) }
                let path = fixture.folder.appending(path: "\(what).csv")
                try Data("0123456789".utf8).write(to: path)
            }
            func status(_ number: Int, _ who: [String: String]) async throws -> Int {
                let path = "/api/v1/exports/export-\(number)/file"
                return try await client.ask(.get, path, headers: who).status
            }
            #expect(try await status(0, Self.reader) == 403)
            #expect(try await status(0, Self.writer) == 200)
            #expect(try await status(1, Self.reader) == 200)
            let part = Self.writer.merging(["range": "bytes=1-"]) { $1 }
            #expect(try await status(0, part) == 206)
            let log = try await fixture.store.auditLog(object: "job:export-0", limit: 10)
            #expect(log.map(\.note.action) == ["export.download", "export.download"])
        }
    }

    @Test("a stranger learns nothing from an address that is public and has no page")
    func robots() async throws {
        try await Self.serve { _, client in
            let answer = try await client.ask(
                .get,
                "/robots.txt",
                headers: ["accept": "text/html"]
            )
            #expect(answer.status == 200)
            #expect(answer.body == "User-agent: *\nDisallow: /\n")
        }
    }
}
