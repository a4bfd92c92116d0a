import CallStore
import Testing

@Suite("Who called among those reached and those held out")
struct HoldoutTests {
    private static let day: Int64 = 86_400
    private static let start: Int64 = 1_794_700_000

    /// A campaign that dials four people and leaves out two; also gives those reached.
    ///
    /// Of each side one calls; one of those reached writes, and one call is marked as spam.
    private static func fill(
        _ fixture: StoreFixture
    ) async throws -> (CampaignID, [RecipientID]) {
        try await fixture.store.write { writer in
            let campaign = try writer.add(
                NewCampaign(name: "Recall", channel: .call, windowDays: 7)
            )
            var reached: [RecipientID] = []
            for number in 0..<6 {
                let person = try writer.add(
                    NewRecipient(
                        campaign: campaign,
                        reference: "r\(number)",
                        phone: phone(number),
                        isHeldOut: number >= 4
                    )
                )
                guard number < 4 else { continue }
                reached.append(person)
                try writer.add(Touch(kind: .sent, atUnix: start), of: person)
                try writer.record(conversation("dialled-\(number)", number, .outbound))
            }
            for number in [0, 5] {
                try writer.record(conversation("back-\(number)", number, .inbound))
            }
            var chat = conversation("chat", 1, .inbound)
            chat.channel = .text
            try writer.record(chat)
            let spam = try writer.record(conversation("spam", 2, .inbound))
            try writer.exclude(spam.call, for: .spam, by: "ana")
            return (campaign, reached)
        }
    }

    private static func phone(_ number: Int) -> PartyNumber {
        .number("+1415555012\(number)")
    }

    private static func conversation(
        _ id: String,
        _ number: Int,
        _ direction: CallDirection
    ) -> CallRecord {
        var record = CallRecord.sample(id)
        record.startedUnix = start + day
        record.caller = phone(number)
        record.direction = direction
        return record
    }

    @Test("counts who called, not whom we dialled, nor chats and excluded calls")
    func called() async throws {
        let fixture = try await StoreFixture()
        let (campaign, _) = try await Self.fill(fixture)
        let figures = try await fixture.store.holdoutFigures(campaign)
        #expect(figures.reached.recipients == 4 && figures.heldOut.recipients == 2)
        #expect(figures.reached.withNumber == 4 && figures.heldOut.withNumber == 2)
        #expect(figures.reached.called == 1)
        #expect(figures.heldOut.called == 1)
    }

    @Test("leaves out who has no number, and measures nothing where most have none")
    func expired() async throws {
        let fixture = try await StoreFixture()
        let (campaign, reached) = try await Self.fill(fixture)
        let gone = reached.dropFirst(2).map(\.number)
        try await fixture.store.write { try $0.expire(.recipients, gone) }
        let half = try await fixture.store.holdoutFigures(campaign).reached
        #expect(half.recipients == 4 && half.withNumber == 2)
        #expect(half.called == 1)
        let more = reached[1].number
        try await fixture.store.write { try $0.expire(.recipients, [more]) }
        let figures = try await fixture.store.holdoutFigures(campaign)
        #expect(figures.reached.recipients == 4 && figures.reached.withNumber == 1)
        #expect(figures.reached.called == nil)
        #expect(figures.heldOut.called == 1)
    }
}
