import Attribution
import CallStore
import Foundation
import PhoneNumbers
import Testing

/// One synthetic call with the recipients it meets, and what must be decided.
struct GoldenCall: Sendable, CustomTestStringConvertible {
    var name: String
    var facts: AttributionFacts
    var campaign: Int64?
    var recipient: Int64?
    var reason: UnattributedReason?

    var testDescription: String { name }

    static func credited(
        _ name: String,
        _ facts: AttributionFacts,
        _ campaign: Int64,
        _ recipient: Int64?
    ) -> GoldenCall {
        GoldenCall(name: name, facts: facts, campaign: campaign, recipient: recipient)
    }

    static func refused(
        _ name: String,
        _ facts: AttributionFacts,
        _ reason: UnattributedReason
    ) -> GoldenCall {
        GoldenCall(name: name, facts: facts, reason: reason)
    }

    static let all =
        windowEdges + numberless + extensions + households + overlaps + ties + campaigns + named

    /// Each channel's default window, opened by each kind of touch, at each edge: 4 * 4 * 6.
    static let windowEdges: [GoldenCall] = {
        let days: [(CampaignChannel, Int64)] = [(.mail, 90), (.sms, 30), (.email, 30), (.call, 7)]
        let opening = Samples.noon
        let touches: [(String, [Touch])] = [
            ("sent", [Samples.sent(opening)]),
            ("delivered", [Samples.delivered(opening)]),
            // The window opens at the delivery, not at the sending.
            (
                "both",
                [
                    Samples.sent(opening - 3 * Samples.day),
                    Samples.delivered(opening, sent: opening - 3 * Samples.day),
                ]
            ),
            // A scan opens nothing.
            ("scanned", [Samples.sent(opening), Touch(kind: .scan, atUnix: opening - 5)]),
        ]
        return days.flatMap { channel, days in
            let campaign = Samples.campaign(1, channel: channel)
            return touches.flatMap { kind, touches in
                let length = days * Samples.day
                let edges: [(Int64, Bool)] = [
                    (-1, false), (0, true), (1, true), (length / 2, true), (length - 1, true),
                    (length, false),
                ]
                return edges.map { offset, isCredited in
                    let match = Samples.match(7, campaign, touches: touches)
                    let facts = Samples.facts(at: opening + offset, [match])
                    let name = "\(channel) \(kind) \(offset) s"
                    return isCredited
                        ? credited(name, facts, 1, 7) : refused(name, facts, .outsideWindow)
                }
            }
        }
    }()

    /// Callers without a number, with and without somebody who might have been meant: 2 * 7.
    static let numberless: [GoldenCall] = [true, false].flatMap { hasCandidate in
        let match = Samples.match(
            7,
            Samples.campaign(1),
            touches: [Samples.sent(Samples.noon - 60)]
        )
        let callers: [(PartyNumber?, UnattributedReason)] = [
            (Samples.numberless(.withheld), .withheld),
            (Samples.numberless(.invalid), .invalid),
            (Samples.numberless(.short), .invalid),
            (Samples.numberless(.sipUser), .sipUser),
            (Samples.numberless(.none), .noPhone),
            (nil, .noPhone),
        ]
        let rows = callers.map { caller, reason in
            refused(
                "\(reason) \(hasCandidate)",
                Samples.facts(hasCandidate ? [match] : [], caller: caller),
                reason
            )
        }
        return rows + [refused("nobody's number", Samples.facts([]), .noRecipient)]
    }

    /// Extensions of caller and recipient: 3 * 3.
    static let extensions: [GoldenCall] = [nil, "1", "2"].flatMap { ofCaller in
        [nil, "1", "2"].map { ofRecipient in
            let match = Samples.match(
                7,
                Samples.campaign(1),
                touches: [Samples.sent(Samples.noon - 60)],
                ext: ofRecipient
            )
            let caller = Samples.number(Samples.caller, ext: ofCaller)
            let facts = Samples.facts([match], caller: caller)
            let name = "extension \(ofCaller ?? "-") of \(ofRecipient ?? "-")"
            return ofCaller == ofRecipient
                ? credited(name, facts, 1, 7) : refused(name, facts, .otherExtension)
        }
    }

    /// Several recipients of one number: 2 to 4 people, some touched too late: 9.
    static let households: [GoldenCall] = (2...4).flatMap { people -> [GoldenCall] in
        let campaign = Samples.campaign(1)
        let early = Touch(kind: .sent, atUnix: Samples.noon - Samples.day)
        let late = Touch(kind: .sent, atUnix: Samples.noon + Samples.day)
        let ids = (1...Int64(people)).map { $0 }
        let everybody = ids.map { Samples.match($0, campaign, touches: [early]) }
        let oneOnly = ids.map { id in
            Samples.match(id, campaign, touches: [id == 1 ? early : late])
        }
        let nobody = ids.map { Samples.match($0, campaign, touches: [late]) }
        return [
            credited("household of \(people)", Samples.facts(everybody), 1, nil),
            credited("one of \(people) touched", Samples.facts(oneOnly), 1, 1),
            refused("none of \(people) touched", Samples.facts(nobody), .outsideWindow),
        ]
    }

    /// Two campaigns, each reaching the caller 1 to 5 or 40 days before: 6 * 6 - 6 same days.
    static let overlaps: [GoldenCall] = {
        let ages: [Int64] = [1, 2, 3, 4, 5, 40]
        return ages.flatMap { first in
            ages.filter { $0 != first }.map { second in
                let matches = [(1, first), (2, second)].map { id, age in
                    Samples.match(
                        Int64(id * 10),
                        Samples.campaign(Int64(id)),
                        touches: [Samples.sent(Samples.noon - age * Samples.day)]
                    )
                }
                let winner: Int64 = first < second ? 1 : 2
                return credited(
                    "\(first) and \(second) days",
                    Samples.facts(matches),
                    winner,
                    winner * 10
                )
            }
        }
    }()

    /// Two campaigns on one day, at any hours, and just across midnight: 24.
    static let ties: [GoldenCall] = (0..<24).map { hour in
        let midnight = Samples.noon - 12 * 3600 - Samples.day
        let matches = [
            Samples.match(
                10,
                Samples.campaign(1),
                touches: [Samples.sent(midnight + 12 * 3600)]
            ),
            Samples.match(
                20,
                Samples.campaign(2),
                touches: [Samples.sent(midnight + Int64(hour) * 3600)]
            ),
        ]
        return refused("same day, hour \(hour)", Samples.facts(matches), .tie)
    }

    /// What a campaign is, and who dialled: 4 statuses, 2 workspaces, outbound by channel: 11.
    static let campaigns: [GoldenCall] = {
        let touches = [Samples.sent(Samples.noon - 60)]
        var rows: [GoldenCall] = CampaignStatus.allCases.map { status in
            let match = Samples.match(7, Samples.campaign(1, status: status), touches: touches)
            let facts = Samples.facts([match])
            return status == .draft
                ? refused("draft", facts, .noRecipient) : credited("\(status)", facts, 1, 7)
        }
        let foreign = Samples.match(7, Samples.campaign(1, workspace: "other"), touches: touches)
        rows.append(refused("other workspace", Samples.facts([foreign]), .noRecipient))
        rows += CampaignChannel.allCases.map { channel in
            let match = Samples.match(7, Samples.campaign(1, channel: channel), touches: touches)
            var facts = Samples.facts([match])
            facts.direction = .outbound
            return channel == .call
                ? credited("outbound by \(channel)", facts, 1, 7)
                : refused("outbound by \(channel)", facts, .noRecipient)
        }
        let midnight = Samples.noon - 12 * 3600
        let acrossMidnight = [
            Samples.match(10, Samples.campaign(1), touches: [Samples.sent(midnight)]),
            Samples.match(20, Samples.campaign(2), touches: [Samples.sent(midnight - 1)]),
        ]
        rows.append(credited("across midnight", Samples.facts(acrossMidnight), 1, 10))
        let custom = Samples.match(
            7,
            Samples.campaign(1, windowDays: 1),
            touches: [
                Samples.sent(Samples.noon - Samples.day)
            ]
        )
        rows.append(refused("window of its own", Samples.facts([custom]), .outsideWindow))
        return rows
    }()

    /// Calls that name their campaign, against a number that says otherwise: 2 * 2 * 3.
    static let named: [GoldenCall] = [true, false].flatMap { hasCandidate -> [GoldenCall] in
        let match = Samples.match(
            7,
            Samples.campaign(1),
            touches: [Samples.sent(Samples.noon - 60)]
        )
        return [RecipientID(99), nil].flatMap { recipient -> [GoldenCall] in
            let sources: [(NamedCampaign.Source, CallChannel, Bool)] = [
                (.batch(recipientID: "rcpt"), .phone, true),
                (.dynamicVariable(name: "ringback_campaign"), .phone, true),
                (.dynamicVariable(name: "ringback_campaign"), .voice, false),
            ]
            return sources.map { source, channel, keepsRecipient in
                var facts = Samples.facts(hasCandidate ? [match] : [])
                facts.channel = channel
                facts.named = NamedCampaign(
                    source: source,
                    campaign: CampaignID(9),
                    recipient: recipient
                )
                return credited(
                    "\(source) on \(channel)",
                    facts,
                    9,
                    keepsRecipient ? recipient?.number : nil
                )
            }
        }
    }
}

@Suite("Crediting calls to campaigns")
struct GoldenCallTests {
    @Test("has at least two hundred golden calls")
    func countsCalls() {
        #expect(GoldenCall.all.count >= 200)
    }

    @Test("decides every golden call as expected", arguments: GoldenCall.all)
    func decides(golden: GoldenCall) {
        let decision = Samples.rules.decide(golden.facts)
        #expect(decision.campaign?.number == golden.campaign)
        #expect(decision.recipient?.number == golden.recipient)
        #expect(decision.reason == golden.reason?.rawValue)
        #expect((decision.method == .none) == (golden.campaign == nil))
        #expect((decision.confidence == nil) == (golden.campaign == nil))
        // A credit without evidence is a defect.
        #expect(golden.campaign == nil || !decision.evidence.isEmpty)
    }

    @Test("decides the same again, in whatever order the candidates come", arguments: 1...20)
    func isDeterministic(seed: UInt64) {
        var random = SplitMix(state: seed)
        for golden in GoldenCall.all {
            var shuffled = golden.facts
            shuffled.candidates.shuffle(using: &random)
            #expect(
                Samples.rules.decide(golden.facts) == Samples.rules.decide(shuffled),
                "seed \(seed), \(golden.name)"
            )
        }
    }

    @Test("takes the days of the report's zone for a tie")
    func tiesInZone() throws {
        let zone = try #require(TimeZone(identifier: "America/Los_Angeles"))
        let midnight = Samples.noon - 12 * 3600
        // Across midnight in UTC, an afternoon in California.
        let matches = [
            Samples.match(10, Samples.campaign(1), touches: [Samples.sent(midnight)]),
            Samples.match(20, Samples.campaign(2), touches: [Samples.sent(midnight - 1)]),
        ]
        let decision = AttributionRules(timeZone: zone).decide(Samples.facts(matches))
        #expect(decision.reason == UnattributedReason.tie.rawValue)
    }

    @Test("names no number in its evidence")
    func keepsNumbersOut() {
        for golden in GoldenCall.all {
            let evidence = "\(Samples.rules.decide(golden.facts).evidence)"
            #expect(!evidence.contains("4155550123"))
        }
    }
}

/// A small generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
