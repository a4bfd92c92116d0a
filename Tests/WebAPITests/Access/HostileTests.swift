import CallStore
import Foundation
import HTTPTypes
import Testing
import WebAPI

@Suite("Requests that mean harm")
struct HostileTests {
    private static let hostile = [
        "'; drop table calls; --", "\" or 1=1 --", "=cmd|'/C calc'!A0", "%27%20OR%201%3D1",
        "<script>alert(1)</script>", "../../etc/passwd", "a\u{202E}b", "%_\\",
    ]

    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    @Test(
        "a fragment of SQL or of a formula in any field is refused or harmless",
        arguments: hostile
    )
    func fragments(text: String) async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            let campaign = try await fixture.store.write { writer in
                try writer.add(NewCampaign(name: "Spring", channel: .mail))
            }
            let word = Self.encoded(text)
            let names = [
                "from", "to", "agent", "campaign", "outcome", "status", "conversion", "direction",
                "search", "sort", "limit", "cursor", "showNumbers", "compare", "reason", "called",
            ]
            let lists = [
                "/api/v1/calls", "/api/v1/unattributed", "/api/v1/campaigns", "/api/v1/metrics",
                "/api/v1/campaigns/\(campaign)/recipients",
                "/api/v1/campaigns/\(campaign)/touches", "/analytics/elevenlabs/conversations",
            ]
            for list in lists {
                for name in names {
                    let answer = try await client.ask(.get, "\(list)?\(name)=\(word)")
                    #expect([200, 400].contains(answer.status), "\(list) \(name)")
                }
            }
            for path in [
                "/api/v1/calls/\(word)", "/api/v1/campaigns/\(word)",
                "/analytics/elevenlabs/conversations/\(word)",
            ] {
                #expect(try await client.ask(.get, path).status == 404, "\(path)")
            }
            let json = String(
                decoding: try JSONSerialization.data(withJSONObject: [text]),
                as: UTF8.self
            ).dropFirst().dropLast()
            let bodies: [(String, String)] = [
                ("/api/v1/calls/\(call)/exclusion", "{\"reason\":\(json)}"),
                ("/api/v1/calls/\(call)/exclusion", "{\"reason\":\"other\",\"note\":\(json)}"),
                ("/api/v1/calls/\(call)/labels", "{\"value\":\"yes\",\"rule\":\(json)}"),
                ("/api/v1/calls/\(call)/assignment", "{\"scope\":\(json)}"),
                ("/api/v1/calls/\(call)/assignment", "{\"scope\":\"call\",\"note\":\(json)}"),
                ("/api/v1/campaigns", "{\"name\":\(json),\"channel\":\"mail\"}"),
                ("/api/v1/campaigns", "{\"name\":\"x\",\"channel\":\(json)}"),
                (
                    "/analytics/elevenlabs/conversations",
                    "{\"conversation_id\":\"x\",\"agent_id\":\(json),\"start_time\":\"2026-11-01T00:00:00\"}"
                ),
                (
                    "/analytics/elevenlabs/conversations",
                    "{\"conversation_id\":\(json),\"agent_id\":\"a\",\"start_time\":\(json)}"
                ),
            ]
            for (path, body) in bodies {
                let answer = try await client.ask(.post, path, body)
                #expect([200, 201, 400, 422].contains(answer.status), "\(path) \(body)")
            }
            #expect(try await fixture.store.counts().total == 1)
            let audit = try await fixture.store.verifyAuditLog()
            #expect(audit.brokenAt == nil)
        }
    }

    @Test("a body that is larger than what a route takes is refused")
    func largeBody() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            for path in [
                "/api/v1/calls/\(call)/exclusion", "/analytics/elevenlabs/conversations",
                "/session",
            ] {
                let answer = try await client.ask(
                    .post,
                    path,
                    String(repeating: " ", count: 2_000_000)
                )
                #expect(answer.status == 413, "\(path)")
                #expect(answer.type == "application/problem+json")
            }
        }
    }

    @Test("a search finds what was said, with no wildcards")
    func search() async throws {
        try await WebFixture.serve { fixture, client in
            try await fixture.record(.heard("conv_1"))
            try await fixture.record(.heard("conv_2") { $0.transcript = [] })
            let found: [(String, [String])] = [
                ("100%", ["conv_1"]), ("sure_thing", ["conv_1"]), ("sure%thing", ["conv_1"]),
                ("BOOK A CLEANING", ["conv_1"]), ("booked", ["conv_2", "conv_1"]),
                ("conv_2", ["conv_2"]), ("nothing of it", []),
                ("%", []), ("book% clean%", ["conv_1"]), ("bo%k", []),
            ]
            for (text, expected) in found {
                let answer = try await client.ask(
                    .get,
                    "/api/v1/calls?search=\(Self.encoded(text))"
                )
                let items = try answer.object()["items"] as? [[String: Any]]
                #expect(items?.compactMap { $0["conversation"] as? String } == expected, "\(text)")
            }
        }
    }
}
