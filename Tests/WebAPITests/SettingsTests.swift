import CallStore
import Crypto
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Settings that are changed on their page")
struct SettingsTests {
    /// An agent with one call of a minute in which the caller speaks twice.
    private static func fill(_ fixture: WebFixture) async throws {
        _ = try await fixture.record(.heard("conv_1"))
        try await fixture.store.write { try $0.note(Agent(id: "agent_1", name: "Reception")) }
    }

    @Test("other limits are counted before they are set, and nothing changes by that")
    func triesLimits() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let path = "/api/v1/agents/agent_1/limits/trial"
            let tried = try await client.ask(.post, path, #"{"turns":3,"seconds":30}"#).object()
            #expect(tried["calls"] as? Int == 1)
            #expect(tried["qualifiedBefore"] as? Int == 1)
            #expect(tried["qualifiedAfter"] as? Int == 0)
            let text = try #require(tried["text"] as? String)
            #expect(text.contains("1 before, 0 after") && text.contains("counted anew"))
            let same = try await client.ask(.post, path, "{}").object()
            #expect((same["text"] as? String)?.contains("nothing is counted anew") == true)
            #expect(same["qualifiedAfter"] as? Int == 1)
            let shipped = try await client.ask(.post, path, #"{"shipped":true,"turns":9}"#).object()
            #expect(shipped["qualifiedAfter"] as? Int == 1)
            #expect(try await client.ask(.post, path, #"{"turns":0}"#).status == 400)
            let nobody = "/api/v1/agents/nobody/limits/trial"
            #expect(try await client.ask(.post, nobody, "{}").status == 404)
            #expect(try await fixture.store.agents().map(\.isSet) == [false])
            #expect(try await fixture.store.auditLog(limit: 9).isEmpty)
        }
    }

    @Test("a rule of the alerts is tried on what is now, before and after")
    func triesAlerts() async throws {
        try await WebFixture.serve { fixture, client in
            let path = "/api/v1/alerts/rules/poll-failing/trial"
            try await fixture.store.write {
                try $0.note(.lastPoll, atMilliseconds: (WebFixture.nowUnix - 3_600) * 1_000)
            }
            let answer = try await client.ask(.post, path, #"{"threshold":90}"#)
            #expect(answer.status == 200, "\(answer.body)")
            let tried = try answer.object()
            let before = try #require(tried["before"] as? [String: Any])
            let after = try #require(tried["after"] as? [String: Any])
            #expect(before["threshold"] as? Double == 46)
            #expect(before["firing"] as? Bool == true)
            #expect(after["threshold"] as? Double == 90)
            #expect(after["firing"] as? Bool == false)
            let off = try await client.ask(.post, path, #"{"on":false}"#).object()
            #expect((off["text"] as? String)?.contains("After: off.") == true)
            #expect((off["after"] as? [String: Any])?["firing"] is NSNull)
            #expect(try await client.ask(.post, path, #"{"threshold":1}"#).status == 422)
            #expect(try await fixture.store.alertSettings().isEmpty)
            // On top of what is set; or as shipped.
            let rule = "/api/v1/alerts/rules/poll-failing"
            #expect(try await client.ask(.patch, rule, #"{"threshold":120}"#).status == 200)
            let over = try await client.ask(.post, path, #"{"on":true}"#).object()
            #expect((over["after"] as? [String: Any])?["threshold"] as? Double == 120)
            let back = try await client.ask(.post, path, #"{"shipped":true}"#).object()
            #expect((back["before"] as? [String: Any])?["threshold"] as? Double == 120)
            #expect((back["after"] as? [String: Any])?["threshold"] as? Double == 46)
        }
    }

    @Test("the page shows every rule and every agent, and what the audit log says has changed")
    func page() async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let limits = #"{"turns":3,"seconds":45}"#
            _ = try await client.ask(.put, "/api/v1/agents/agent_1/limits", limits)
            let rule = "/api/v1/alerts/rules/dead-jobs"
            _ = try await client.ask(.patch, rule, #"{"on":false,"threshold":7}"#)
            let page = try await client.ask(.get, "/settings").body
            #expect(page.contains("data-rule=\"cost-per-conversion\""))
            #expect(page.contains("id=\"turns-agent_1\" data-live>3<"))
            #expect(page.contains("id=\"from-dead-jobs\" data-live>7 jobs<"))
            #expect(page.contains("on – → no, threshold – → 7"))
            #expect(page.contains("Calls are being counted anew"))
            // One form for each rule and class, one for the one agent, and one for a number.
            let rules = page.matches(of: /data-rule="/).count
            #expect(rules >= 12)
            let kept = RetentionClass.allCases.count
            #expect(page.matches(of: /data-setting="/).count == rules + kept + 2)
        }
    }

    @Test("who may not change settings sees them, and no form")
    func readers() async throws {
        let readOnly = AccessPolicy(isReadOnly: true)
        try await WebFixture.serve(policy: readOnly) { fixture, client in
            try await Self.fill(fixture)
            let page = try await client.ask(.get, "/settings").body
            #expect(page.contains("data-cannot") && page.contains("data-rule=\"dead-jobs\""))
            #expect(!page.contains("data-setting"))
            let path = "/api/v1/alerts/rules/dead-jobs"
            #expect(try await client.ask(.patch, path, "{}").status == 403)
            #expect(try await client.ask(.post, path + "/trial", "{}").status == 403)
        }
        try await WebFixture.serve(access: .token("hush-hush")) { fixture, client in
            try await fixture.store.write { writer in
                try writer.addToken(
                    named: "crm",
                    .write,
                    hash: Data(SHA256.hash(data: Data("rbk_1".utf8))),
                    by: "ana"
                )
            }
            let page = try await client.ask(
                .get,
                "/settings",
                headers: ["authorization": "Bearer rbk_1"]
            )
            #expect(page.status == 200 && page.body.contains("data-cannot"))
            #expect(!page.body.contains("data-setting"))
        }
    }
}
