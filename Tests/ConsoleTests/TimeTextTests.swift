import Console
import Foundation
import Testing

@Suite("times and durations")
struct TimeTextTests {
    private let now = Date(timeIntervalSince1970: 1_763_726_400)

    @Test(
        "instants are read",
        arguments: [
            ("2026-10-01T08:00:00Z", "UTC", 1_790_841_600),
            ("2026-10-01T10:00:00+02:00", "UTC", 1_790_841_600),
            ("2026-10-01 08:00:00Z", "UTC", 1_790_841_600),
            ("2026-10-01T08:00:00.750Z", "UTC", 1_790_841_600),
            ("2026-10-01", "UTC", 1_790_812_800),
            ("2026-10-01", "Europe/Berlin", 1_790_805_600),
            ("36h", "UTC", 1_763_726_400 - 129_600),
            ("now", "UTC", 1_763_726_400),
        ]
    )
    func reads(text: String, zone: String, unix: Int64) throws {
        let zone = try #require(TimeZone(identifier: zone))
        #expect(TimeText.instant(text, in: zone, now: now) == unix)
    }

    @Test(
        "what is none is refused",
        arguments: [
            "", "yesterday", "2026-13-01", "2026-02-30", "2026-10-01T08:00:00", "2026-10", "12",
        ]
    )
    func refuses(text: String) {
        #expect(TimeText.instant(text, in: .gmt, now: now) == nil)
    }

    @Test(
        "durations are shown with their largest two units",
        arguments: [
            (Duration.zero, "0s"), (.milliseconds(840), "0.8s"), (.seconds(9), "9s"),
            (.seconds(59), "59s"), (.seconds(60), "1m"), (.seconds(184), "3m 4s"),
            (.seconds(7_260), "2h 1m"), (.seconds(86_400), "1d"), (.seconds(93_600), "1d 2h"),
        ]
    )
    func shows(duration: Duration, text: String) {
        #expect(TimeText.duration(duration) == text)
    }
}
