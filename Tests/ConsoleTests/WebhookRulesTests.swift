import CallStore
import Console
import ElevenLabs
import Foundation
import Reports
import Testing

@Suite("what is said of webhooks and of the ledger card")
struct WebhookRulesTests {
    private static let now: Int64 = 1_794_700_000_000

    private func finding(
        missed: Int,
        last: Int64? = now - 7_200_000,
        isConfigured: Bool = true
    ) -> Finding {
        WebhookRules.silence(
            WebhookSilence(lastMilliseconds: last, missed: missed),
            isConfigured: isConfigured,
            nowMilliseconds: Self.now
        )
    }

    @Test("they are silent once the poll alone finds calls, and not before")
    func silence() {
        #expect(finding(missed: WebhookSilence.missedMin - 1).grade == .ok)
        let silent = finding(missed: WebhookSilence.missedMin)
        #expect(silent.grade == .warning)
        #expect(silent.detail.contains("\(WebhookSilence.missedMin) without one"))
        #expect(finding(missed: 9, last: nil).detail.contains("none ever came"))
    }

    @Test("without a secret they are not missed, and refused once there was one")
    func withoutSecret() {
        #expect(finding(missed: 9, last: nil, isConfigured: false).grade == .ok)
        #expect(finding(missed: 9, isConfigured: false).grade == .warning)
    }

    @Test("says from where they are taken")
    func sources() {
        #expect(WebhookRules.sources([]).detail.contains("any address"))
        let named = WebhookRules.sources(["34.67.146.145", "10.0.0.0/8"])
        #expect(named.grade == .ok && named.detail == "34.67.146.145, 10.0.0.0/8")
    }

    static let ours = "https://calls.example.com" + WebhookRules.path

    @Test(
        "what the upstream says of ours",
        arguments: [
            ([], Finding.Grade.warning),
            ([WorkspaceWebhook(id: "1", url: "https://example.com/other")], .warning),
            ([WorkspaceWebhook(id: "1", url: ours)], .ok),
            ([WorkspaceWebhook(id: "1", url: ours, failureCode: 503, failureUnix: 1)], .ok),
            ([WorkspaceWebhook(id: "1", url: ours, isDisabled: true)], .problem),
            ([WorkspaceWebhook(id: "1", url: ours, isAutoDisabled: true)], .problem),
            (
                [
                    WorkspaceWebhook(id: "1", url: ours, isAutoDisabled: true),
                    WorkspaceWebhook(id: "2", url: ours),
                ], .ok
            ),
        ]
    )
    func upstream(webhooks: [WorkspaceWebhook], grade: Finding.Grade) {
        #expect(WebhookRules.upstream(webhooks).grade == grade)
    }

    @Test("a day of the ledger card has its date in the zone, and all its figures")
    func ledger() throws {
        let day = LedgerDay(
            fromUnix: 1_794_610_800,
            toUnix: 1_794_697_200,
            calls: 9,
            byWebhook: 5,
            byPoll: 4,
            changedLater: 2,
            neverByWebhook: 3,
            awaitingWebhook: 1
        )
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        let json = LedgerText.json(day, zone: zone).rendered(indented: false)
        #expect(json.contains(#""day":"2026-11-14""#), "\(json)")
        #expect(json.contains(#""from":"2026-11-13T23:00:00Z""#), "\(json)")
        #expect(json.contains(#""neverByWebhook":3,"awaitingWebhook":1"#), "\(json)")
        let lines = LedgerText.table([day], zone: zone).rendered().split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines.last?.split(separator: " ").map(String.init) == [
                "2026-11-14", "9", "5", "4", "2", "3", "1",
            ]
        )
    }
}
