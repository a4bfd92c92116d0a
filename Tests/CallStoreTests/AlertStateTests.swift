import CallStore
import GRDB
import Testing

@Suite("where the rules of the alerts stand")
struct AlertStateTests {
    private static func state(owed: AlertWays, untold: AlertWays) -> AlertState {
        AlertState(
            rule: "dead-jobs",
            isFiring: true,
            sinceMilliseconds: 1_000,
            checkedMilliseconds: 3_000,
            text: "Dead jobs: 2 in sync.",
            notifiedMilliseconds: 2_000,
            isTold: true,
            owed: owed,
            untold: untold
        )
    }

    @Test("is read as it was kept, with the ways that are still to be told")
    func kept() async throws {
        let fixture = try await StoreFixture()
        let choices: [AlertWays] = [[], .webhook, .mail, .all]
        for owed in choices {
            for untold in choices {
                let state = Self.state(owed: owed, untold: untold)
                try await fixture.store.write { try $0.keep([state]) }
                #expect(try await fixture.store.alertStates() == [state])
            }
        }
    }

    @Test("of a version that knew of no ways, every way was told")
    func old() async throws {
        let fixture = try await StoreFixture()
        try fixture.sql { database in
            try database.execute(
                sql: """
                    insert into alert_states (
                        rule, is_firing, since_ms, checked_ms, text, notified_ms, is_told
                    ) values ('dead-jobs', 1, 1000, 3000, 'Dead jobs: 2 in sync.', 2000, 1)
                    """
            )
        }
        let states = try await fixture.store.alertStates()
        #expect(states == [Self.state(owed: [], untold: [])])
    }
}
