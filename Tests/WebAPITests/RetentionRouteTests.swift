import CallStore
import Foundation
import HTTPTypes
import Testing
import Upkeep
import WebAPI

@Suite("How long things are kept, over HTTP")
struct RetentionRouteTests {
    private static let path = "/api/v1/retention/transcripts"

    private static func fill(_ fixture: WebFixture) async throws {
        for (index, days) in [1, 40, 400].enumerated() {
            _ = try await fixture.record(
                .heard("conv_\(index)", startedUnix: WebFixture.nowUnix - Int64(days) * 86_400)
            )
        }
    }

    @Test("a shorter period is counted first and takes its word; a longer one does not")
    func shortens() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let tried = try await client.ask(.post, Self.path + "/trial", #"{"days":30}"#).object()
            #expect(tried["due"] as? Int == 2)
            #expect(tried["areAll"] as? Bool == true)
            #expect(tried["word"] as? String == "shorten")
            let text = try #require(tried["text"] as? String)
            #expect(text.contains("details and list rows of these calls"))
            for body in [#"{"days":30}"#, #"{"days":30,"confirm":"yes"}"#] {
                #expect(try await client.ask(.put, Self.path, body).status == 400)
            }
            #expect(try await fixture.store.retentionSettings().isEmpty)
            let set = try await client.ask(.put, Self.path, #"{"days":30,"confirm":"shorten"}"#)
            #expect(set.status == 200, "\(set.body)")
            let settings = try await fixture.store.retentionSettings()
            #expect(settings.map(\.what) == [.transcripts])
            #expect(settings.map(\.kept) == [.days(30)])
            #expect(try await client.ask(.get, "/settings").body.contains(">30 days <"))
            // Back to what the settings say, which is longer: no word, and no setting is left.
            let longer = try await client.ask(.post, Self.path + "/trial", #"{"days":396}"#)
                .object()
            #expect(longer["word"] is NSNull)
            #expect(try await client.ask(.put, Self.path, #"{"days":396}"#).status == 200)
            #expect(try await fixture.store.retentionSettings().isEmpty)
            let notes = try await fixture.store.auditLog(limit: 9).map(\.note)
            #expect(notes.map(\.action) == ["retention.set", "retention.set"])
            #expect(notes.last?.before == ["days": .integer(396)])
            #expect(notes.last?.after == ["days": .integer(30)])
        }
    }

    @Test("what is shorter is seen against the period that holds as it is written")
    func atOnce() async throws {
        try await WebFixture.serve { fixture, _ in
            // Each goes by what the one before it left, whatever it was counted against.
            let asked: [(days: Duration?, mayShorten: Bool, change: RetentionChange)] = [
                (.days(500), false, .changed), (.days(450), false, .wouldShorten),
                (nil, false, .wouldShorten), (.days(500), false, .unchanged),
                (nil, true, .changed), (nil, true, .unchanged), (.days(30), true, .changed),
                (nil, false, .changed),
            ]
            for (index, one) in asked.enumerated() {
                let (kept, mayShorten) = (one.days, one.mayShorten)
                let change = try await fixture.store.write {
                    try $0.setRetention(
                        kept,
                        of: .transcripts,
                        usual: .days(396),
                        by: "ana",
                        mayShorten: mayShorten
                    )
                }
                #expect(change == one.change, "\(index)")
            }
            let settings = try await fixture.store.retentionSettings()
            #expect(settings.isEmpty)
        }
    }

    @Test("the alert of what is kept too long goes by what was said")
    func overdue() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let kept = KeptPeriods.standard
            let before = try await fixture.store.overdue(kept)
            #expect(before.first { $0.name == "transcripts" }?.overdue == .days(4))
            _ = try await client.ask(.put, Self.path, #"{"days":100,"confirm":"shorten"}"#)
            let after = try await fixture.store.overdue(kept)
            #expect(after.first { $0.name == "transcripts" }?.overdue == .days(300))
        }
    }

    @Test(
        "what is no period, and no class, is refused",
        arguments: [#"{"days":0}"#, #"{"days":3651}"#, "{}", #"{"days":1.5}"#]
    )
    func refuses(body: String) async throws {
        try await WebFixture.serve { fixture, client in
            #expect(try await client.ask(.put, Self.path, body).status == 400)
            #expect(try await client.ask(.post, Self.path + "/trial", body).status == 400)
            let other = "/api/v1/retention/ledger"
            #expect(try await client.ask(.put, other, #"{"days":9}"#).status == 404)
            let settings = try await fixture.store.retentionSettings()
            #expect(settings.isEmpty)
        }
    }
}
