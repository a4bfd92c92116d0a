import Attribution
import CallStore
import Foundation
import PhoneNumbers

/// Values that the tests of attribution share.
enum Samples {
    static let day: Int64 = 24 * 60 * 60

    /// 2026-03-01T12:00:00Z.
    static let noon: Int64 = 1_772_366_400

    static let rules = AttributionRules(timeZone: .gmt)

    static func campaign(
        _ id: Int64,
        channel: CampaignChannel = .mail,
        windowDays: Int? = nil,
        status: CampaignStatus = .running,
        workspace: String = CallIdentity.defaultWorkspace
    ) -> Campaign {
        Campaign(
            id: CampaignID(id),
            workspace: workspace,
            name: "Campaign \(id)",
            channel: channel,
            windowDays: windowDays ?? channel.windowDaysDefault,
            startsUnix: nil,
            endsUnix: nil,
            status: status,
            upstreamCampaignID: nil,
            batchCallID: nil,
            createdMilliseconds: 0
        )
    }

    static func number(_ e164: String, ext: String? = nil) -> PartyNumber {
        PartyNumber(
            raw: e164,
            e164: E164(stored: e164),
            phoneExtension: ext,
            kind: .e164,
            normaliserVersion: "test"
        )
    }

    static func numberless(_ kind: NumberClass) -> PartyNumber {
        PartyNumber(raw: "x", e164: nil, kind: kind, normaliserVersion: "test")
    }

    static func match(
        _ recipient: Int64,
        _ campaign: Campaign,
        touches: [Touch],
        ext: String? = nil
    ) -> RecipientMatch {
        RecipientMatch(
            recipient: Recipient(
                id: RecipientID(recipient),
                campaign: campaign.id,
                reference: "R\(recipient)",
                name: nil,
                phone: number(caller, ext: ext)
            ),
            campaign: campaign,
            touches: touches
        )
    }

    static let caller = "+14155550123"

    static func sent(_ unix: Int64) -> Touch { Touch(kind: .sent, atUnix: unix) }

    static func delivered(_ unix: Int64, sent: Int64? = nil) -> Touch {
        Touch(kind: .delivered, atUnix: unix, sentUnix: sent)
    }

    static func facts(
        at startedUnix: Int64 = noon,
        _ candidates: [RecipientMatch],
        caller: PartyNumber? = number(caller)
    ) -> AttributionFacts {
        AttributionFacts(startedUnix: startedUnix, caller: caller, candidates: candidates)
    }
}
