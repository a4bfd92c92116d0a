import CallStore
import Conversion
import Foundation
import HTTPTypes
import JobQueue
import PhoneNumbers
import Testing
import WebAPI

@Suite("Changes by programs that are seen first")
struct ChangeTests {
    /// A campaign whose one recipient called 40 days after the mail.
    static func campaign(_ fixture: WebFixture) async throws -> CampaignID {
        try await fixture.record(.heard("conv_1"))
        return try await fixture.store.write { writer in
            let id = try writer.add(
                NewCampaign(name: "Spring", channel: .mail, windowDays: 30)
            )
            let recipient = try writer.add(
                NewRecipient(
                    campaign: id,
                    reference: "r1",
                    name: nil,
                    phone: PartyNumber(
                        raw: "+14155550123",
                        e164: E164(stored: "+14155550123"),
                        kind: .e164,
                        normaliserVersion: "t"
                    )
                )
            )
            try writer.add(
                Touch(kind: .delivered, atUnix: WebFixture.nowUnix - 40 * 86_400),
                of: recipient
            )
            return id
        }
    }

    @Test("a new window is tried until somebody says for which calls it is")
    func window() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.campaign(fixture)
            let path = "/api/v1/campaigns/\(id)"
            let tried = try await client.ask(.patch, path, "{\"windowDays\":60}").object()
            #expect(tried["trial"] as? Bool == true)
            #expect(tried["windowDays"] as? Int == 60)
            let difference = try #require(tried["difference"] as? [String: Any])
            #expect(difference["changed"] as? Int == 1)
            #expect(difference["calls"] as? Int == 1)
            #expect(try await fixture.store.campaign(id)?.windowDays == 30)
            #expect(try await fixture.outbox().isEmpty)
            // From now on: nothing that was decided is decided again.
            let later = try await client.ask(
                .patch,
                path,
                "{\"windowDays\":60,\"apply\":\"from-now\"}"
            ).object()
            #expect(later["trial"] as? Bool == false)
            #expect(later["difference"] is NSNull)
            #expect(try await fixture.outbox().isEmpty)
            let all = try await client.ask(
                .patch,
                path,
                "{\"windowDays\":90,\"apply\":\"everything\",\"note\":\"as in the contract\"}"
            ).object()
            #expect((all["changed"] as? [String])?.isEmpty == false)
            let jobs = try await fixture.outbox().map(\.job.queue.text)
            #expect(jobs == ["attribution"])
            #expect(try await fixture.store.campaign(id)?.windowDays == 90)
            let bad = [
                "{\"apply\":\"everything\"}", "{\"windowDays\":9,\"apply\":\"some\"}",
                "{\"windowDays\":9,\"from\":\"2026-01-01T00:00:00Z\"}",
                "{\"windowDays\":9,\"apply\":\"everything\",\"to\":\"2026-01-01T00:00:00Z\"}",
            ]
            for body in bad {
                #expect(try await client.ask(.patch, path, body).status == 400, "\(body)")
            }
        }
    }

    @Test("a name or a status changes at once, and a trial of one changes nothing")
    func name() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.campaign(fixture)
            let path = "/api/v1/campaigns/\(id)"
            let tried = try await client.ask(.patch, path, "{\"name\":\"May\",\"trial\":true}")
            #expect(try tried.object()["name"] as? String == "May")
            #expect(try await fixture.store.campaign(id)?.name == "Spring")
            let renamed = try await client.ask(.patch, path, "{\"name\":\"May\"}").object()
            #expect(renamed["changed"] as? [String] == ["name"])
            #expect(try await fixture.store.campaign(id)?.name == "May")
        }
    }

    @Test("a duplicate is a draft with the same settings and without recipients")
    func duplicate() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.campaign(fixture)
            let path = "/api/v1/campaigns/\(id)/duplicate"
            let answer = try await client.ask(.post, path, "{\"name\":\"Autumn\"}")
            #expect(answer.status == 201, "\(answer.body)")
            let listed = try #require(try await fixture.store.campaignFigures().last)
            let added = listed.campaign
            #expect(added.name == "Autumn" && added.id != id && listed.recipients == 0)
            #expect(added.windowDays == 30 && added.channel == .mail && added.status == .draft)
            let taken = try await client.ask(.post, path, "{\"name\":\"Spring\"}")
            #expect(taken.status == 422, "\(taken.body)")
            #expect(try await client.ask(.post, path, "{}").status == 400)
            let missing = "/api/v1/campaigns/99/duplicate"
            #expect(try await client.ask(.post, missing, "{\"name\":\"X\"}").status == 404)
            let page = try await client.ask(.get, "/campaigns/\(id)").body
            #expect(page.contains("data-path=\"campaigns/\(id)/duplicate\""))
        }
    }

    @Test("the list of campaigns says what each cost and its share of the attributed calls")
    func costs() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.campaign(fixture)
            let before = try await client.ask(.get, "/campaigns").body
            #expect(before.contains("Of attributed") && !before.contains("12.50 EUR"))
            try await fixture.store.write { writer in
                try writer.setMediaCost(micros: 12_500_000, currency: "EUR", of: id)
            }
            let after = try await client.ask(.get, "/campaigns").body
            #expect(after.contains("12.50 EUR"))
        }
    }

    @Test("a label is taken back, and the audit log says by whom")
    func unlabel() async throws {
        try await WebFixture.serve { fixture, client in
            let call = try await fixture.record(.heard("conv_1"))
            let path = "/api/v1/calls/\(call)/labels"
            let body = "{\"rule\":\"booking\",\"value\":\"yes\"}"
            #expect(try await client.ask(.post, path, body).status == 200)
            let taken = try await client.ask(.delete, path + "?rule=booking")
            #expect(try taken.object()["removed"] as? Bool == true)
            let again = try await client.ask(.delete, path + "?rule=booking")
            #expect(try again.object()["removed"] as? Bool == false)
            let log = try await fixture.store.auditLog(action: "call.unlabel", limit: 9)
            #expect(log.count == 1)
        }
    }

    /// Rules that take what the upstream says for a conversion, or just the opposite.
    private static func rules(_ word: String) throws -> RuleSet {
        try RulesFile.parse(
            """
            rules:
              - id: success
                type: booking
                when:
                  successful: \(word)
            """,
            file: "\(word).yaml"
        )
    }

    @Test("a version of the rules is made active with a reason and a line in the audit log")
    func activate() async throws {
        try await WebFixture.serve { fixture, client in
            let rules = try Self.rules("success")
            try await fixture.store.write { try $0.keep(rules.stored) }
            let path = "/api/v1/rules/\(rules.version)/activate"
            let answer = try await client.ask(.post, path, "{\"note\":\"agreed on Monday\"}")
            #expect(answer.status == 200, "\(answer.body)")
            #expect(try answer.object()["warnings"] as? [String] == [])
            #expect(try await fixture.store.rulePointers()[.active]?.version == rules.version)
            let log = try await fixture.store.auditLog(action: "rules.activate", limit: 9)
            #expect(log.map(\.note.reason) == ["agreed on Monday"])
            let unknown = try await client.ask(.post, "/api/v1/rules/none/activate", "{}")
            #expect(unknown.status == 404)
        }
    }

    @Test("a version that the labels speak against is made active only by who says so twice")
    func warned() async throws {
        try await WebFixture.serve { fixture, client in
            let (good, bad) = (try Self.rules("success"), try Self.rules("failure"))
            var entries: [LabelEntry] = []
            for number in 0..<60 {
                let isGood = number % 2 == 0
                let call = try await fixture.record(
                    .heard("conv_\(number)") { record in
                        record.callSuccessful = isGood ? "success" : "failure"
                    }
                )
                entries.append(
                    LabelEntry(
                        call: call,
                        stratum: isGood ? "yes" : "no",
                        weight: 1,
                        isDouble: false,
                        isHeldBack: true
                    )
                )
            }
            let sample = LabelSample(
                id: LabelSampleID("s1"),
                type: "booking",
                ruleVersion: good.version,
                fromUnix: WebFixture.nowUnix - 86_400,
                toUnix: WebFixture.nowUnix,
                person: "ana",
                entries: entries
            )
            try await fixture.store.write { writer in
                try writer.keep(good.stored)
                try writer.keep(bad.stored)
                try writer.point(.active, to: good.version, by: "ana", note: nil)
                try writer.add(sample)
                for entry in sample.entries {
                    let label = ManualLabel(
                        type: "booking",
                        label: entry.stratum == "yes" ? .yes : .no,
                        person: "ana"
                    )
                    try writer.label(entry.call, label, isBlind: true, sample: sample.id)
                }
            }
            let path = "/api/v1/rules/\(bad.version)/activate"
            let refused = try await client.ask(.post, path, "{}")
            #expect(refused.status == 409, "\(refused.body)")
            let warnings = try refused.object()["warnings"] as? [String]
            #expect(warnings?.first?.hasPrefix("booking: precision") == true)
            #expect(try await fixture.store.rulePointers()[.active]?.version == good.version)
            let forced = try await client.ask(.post, path, "{\"confirm\":true}")
            #expect(forced.status == 200)
            #expect((try forced.object()["warnings"] as? [String])?.isEmpty == false)
            #expect(try await fixture.store.rulePointers()[.active]?.version == bad.version)
        }
    }
}
