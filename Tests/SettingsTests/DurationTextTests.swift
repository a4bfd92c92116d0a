import Settings
import Testing

@Suite("durations in settings")
struct DurationTextTests {
    @Test(
        "are read",
        arguments: [
            ("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600),
            ("1h30m", 5400), ("0s", 0),
        ]
    )
    func read(text: String, seconds: Int) {
        #expect(Duration(settingText: text) == .seconds(seconds))
    }

    @Test("are refused", arguments: ["", "5", "m", "-5m", "5 m", "1y", "99999999999w", "1.5h"])
    func refuse(text: String) {
        #expect(Duration(settingText: text) == nil)
    }
}
