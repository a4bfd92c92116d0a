import Foundation
import Scheduling
import TestSupport
import Testing

@Suite("Daylight saving")
struct DaylightSavingTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let zone: String
        let expression: String
        let from: String
        let through: String
        let firings: [String]

        init(
            _ zone: String,
            _ expression: String,
            _ from: String,
            _ through: String,
            _ firings: [String]
        ) {
            self.zone = zone
            self.expression = expression
            self.from = from
            self.through = through
            self.firings = firings
        }

        var testDescription: String { "\(zone) \(expression) \(from)" }
    }

    static let changes = [
        // New York, 8 March 2026: 02:00 EST becomes 03:00 EDT at 07:00Z.
        Change(
            "America/New_York",
            "30 2 * * *",
            "2026-03-07T12:00",
            "2026-03-09T12:00",
            [
                "2026-03-08T07:00", "2026-03-09T06:30",
            ]
        ),
        Change(
            "America/New_York",
            "0 2 * * *",
            "2026-03-07T12:00",
            "2026-03-09T12:00",
            [
                "2026-03-08T07:00", "2026-03-09T06:00",
            ]
        ),
        Change(
            "America/New_York",
            "0 3 * * *",
            "2026-03-07T12:00",
            "2026-03-09T12:00",
            [
                "2026-03-08T07:00", "2026-03-09T07:00",
            ]
        ),
        Change(
            "America/New_York",
            "0 2,3 * * *",
            "2026-03-08T00:00",
            "2026-03-08T12:00",
            [
                "2026-03-08T07:00"
            ]
        ),
        Change(
            "America/New_York",
            "0,20,40 2 * * *",
            "2026-03-08T00:00",
            "2026-03-08T12:00",
            [
                "2026-03-08T07:00"
            ]
        ),
        Change(
            "America/New_York",
            "0 * * * *",
            "2026-03-08T05:00",
            "2026-03-08T09:00",
            [
                "2026-03-08T06:00", "2026-03-08T07:00", "2026-03-08T08:00", "2026-03-08T09:00",
            ]
        ),
        Change(
            "America/New_York",
            "*/30 * * * *",
            "2026-03-08T06:00",
            "2026-03-08T08:00",
            [
                "2026-03-08T06:30", "2026-03-08T07:00", "2026-03-08T07:30", "2026-03-08T08:00",
            ]
        ),
        // New York, 1 November 2026: 02:00 EDT becomes 01:00 EST at 06:00Z.
        Change(
            "America/New_York",
            "30 1 * * *",
            "2026-10-31T12:00",
            "2026-11-02T12:00",
            [
                "2026-11-01T05:30", "2026-11-02T06:30",
            ]
        ),
        Change(
            "America/New_York",
            "0 1 * * *",
            "2026-10-31T12:00",
            "2026-11-02T12:00",
            [
                "2026-11-01T05:00", "2026-11-02T06:00",
            ]
        ),
        Change(
            "America/New_York",
            "0 2 * * *",
            "2026-10-31T12:00",
            "2026-11-02T12:00",
            [
                "2026-11-01T07:00", "2026-11-02T07:00",
            ]
        ),
        Change(
            "America/New_York",
            "0 * * * *",
            "2026-11-01T04:00",
            "2026-11-01T08:00",
            [
                "2026-11-01T05:00", "2026-11-01T06:00", "2026-11-01T07:00", "2026-11-01T08:00",
            ]
        ),
        Change(
            "America/New_York",
            "15 */1 * * *",
            "2026-11-01T04:30",
            "2026-11-01T07:30",
            [
                "2026-11-01T05:15", "2026-11-01T06:15", "2026-11-01T07:15",
            ]
        ),
        // Berlin, 29 March 2026: 02:00 CET becomes 03:00 CEST at 01:00Z.
        Change(
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-28T12:00",
            "2026-03-30T12:00",
            [
                "2026-03-29T01:00", "2026-03-30T00:30",
            ]
        ),
        Change(
            "Europe/Berlin",
            "*/20 * * * *",
            "2026-03-29T00:30",
            "2026-03-29T01:30",
            [
                "2026-03-29T00:40", "2026-03-29T01:00", "2026-03-29T01:20",
            ]
        ),
        // Berlin, 25 October 2026: 03:00 CEST becomes 02:00 CET at 01:00Z.
        Change(
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-24T12:00",
            "2026-10-26T12:00",
            [
                "2026-10-25T00:30", "2026-10-26T01:30",
            ]
        ),
        Change(
            "Europe/Berlin",
            "30 * * * *",
            "2026-10-25T00:00",
            "2026-10-25T02:00",
            [
                "2026-10-25T00:30", "2026-10-25T01:30",
            ]
        ),
        // Lord Howe, 5 April 2026: 02:00 at +11 becomes 01:30 at +10:30, at 15:00Z on the 4th.
        Change(
            "Australia/Lord_Howe",
            "45 1 * * *",
            "2026-04-04T12:00",
            "2026-04-05T20:00",
            [
                "2026-04-04T14:45", "2026-04-05T15:15",
            ]
        ),
        Change(
            "Australia/Lord_Howe",
            "45 * * * *",
            "2026-04-04T14:00",
            "2026-04-04T16:30",
            [
                "2026-04-04T14:45", "2026-04-04T15:15", "2026-04-04T16:15",
            ]
        ),
        // Lord Howe, 4 October 2026: 02:00 at +10:30 becomes 02:30 at +11, at 15:30Z on the 3rd.
        Change(
            "Australia/Lord_Howe",
            "15 2 * * *",
            "2026-10-03T12:00",
            "2026-10-04T20:00",
            [
                "2026-10-03T15:30", "2026-10-04T15:15",
            ]
        ),
    ]

    @Test("each change of the clocks fires what the rule says", arguments: changes)
    func followsRule(_ change: Change) throws {
        let occurrences = Occurrences(
            of: try Cadence(parsing: change.expression),
            in: try zone(change.zone)
        )
        let end = try instant(change.through + ":00Z")
        var cursor = try instant(change.from + ":00Z")
        var found: [String] = []
        while let next = occurrences.next(after: cursor), next <= end {
            found.append(text(next))
            cursor = next
        }
        #expect(found == change.firings.map { $0 + ":00Z" })
    }

    @Test("agrees with a look at every single minute", arguments: Seeds.first(60))
    func agreesWithMinuteStepper(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let zones = [
            "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata",
            "America/St_Johns", "Africa/Casablanca", "UTC", "America/Sao_Paulo",
        ]
        let name = try #require(zones.randomElement(using: &random))
        let timeZone = try zone(name)
        let expression = randomExpression(&random)
        let occurrences = Occurrences(of: try Cadence(parsing: expression), in: timeZone)
        // Three days somewhere in 2026, more often than not around a change of the clocks.
        let starts = [
            "2026-03-07T12:00:00Z", "2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z",
            "2026-10-31T12:00:00Z", "2026-04-03T12:00:00Z", "2026-10-02T12:00:00Z",
            "2026-02-14T00:00:00Z",
        ]
        let start =
            try instant(try #require(starts.randomElement(using: &random)))
            + 60 * Int64.random(in: 0..<600, using: &random)
        let end = start + 3 * 86_400
        var found: [Int64] = []
        var cursor = start
        while let next = occurrences.next(after: cursor), next <= end {
            found.append(next)
            cursor = next
        }
        let expected = NaiveStepper(expression: expression, timeZone: timeZone)
            .firings(after: start, through: end)
        #expect(
            found == expected,
            "\(expression) in \(name): \(Seeds.replay(seed, filter: "DaylightSavingTests"))"
        )
    }

    private func randomExpression(_ random: inout Seeded) -> String {
        let minutes = ["*", "0", "30", "*/15", "15,45", "5-25/10", "59"]
        let hours = ["*", "*/2", "1", "2", "3", "1-3", "0,2", "1,2,3", "2-23/3"]
        let days = ["*", "*", "*", "1", "8", "25-31"]
        let weekdays = ["*", "*", "*", "sun", "mon-fri", "0,6"]
        func pick(_ choices: [String], _ random: inout Seeded) -> String {
            choices[Int.random(in: 0..<choices.count, using: &random)]
        }
        return [
            pick(minutes, &random), pick(hours, &random), pick(days, &random), "*",
            pick(weekdays, &random),
        ].joined(separator: " ")
    }
}

/// The rule of daylight saving, written as slowly and plainly as it can be.
private struct NaiveStepper {
    let expression: String
    let timeZone: TimeZone

    func firings(after start: Int64, through end: Int64) -> [Int64] {
        let fields = expression.split(separator: " ").map(String.init)
        let hourNamesFixedHours = !fields[1].contains("*") && !fields[1].contains("/")
        var result: [Int64] = []
        // Begins a day early, to know which local times have been seen.
        var minute = start - 86_400
        var seen: Set<Int64> = []
        while minute <= end {
            let offset = self.offset(minute)
            let jump = offset - self.offset(minute - 60)
            let local = minute + offset
            var fires = matches(fields, local)
            if hourNamesFixedHours, seen.contains(local) { fires = false }
            seen.insert(local)
            if jump > 0 {
                for skipped in stride(from: local - jump, to: local, by: 60) {
                    fires = fires || matches(fields, skipped)
                }
            }
            if fires, minute > start { result.append(minute) }
            minute += 60
        }
        return result
    }

    private func offset(_ instant: Int64) -> Int64 {
        Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant))))
    }

    private func matches(_ fields: [String], _ local: Int64) -> Bool {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.minute, .hour, .day, .weekday],
            from: Date(timeIntervalSince1970: Double(local))
        )
        guard let minute = parts.minute, let hour = parts.hour, let day = parts.day,
            let weekday = parts.weekday
        else { return false }
        let dayMatches = matches(fields[2], day, 1...31)
        let weekdayMatches = matches(fields[4], weekday - 1, 0...6)
        let either = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
        return matches(fields[0], minute, 0...59) && matches(fields[1], hour, 0...23)
            && (either ? dayMatches || weekdayMatches : dayMatches && weekdayMatches)
    }

    private func matches(_ field: String, _ value: Int, _ range: ClosedRange<Int>) -> Bool {
        field.split(separator: ",").contains { part in
            let halves = part.split(separator: "/")
            let step = halves.count == 2 ? Int(halves[1]) ?? 1 : 1
            let ends = halves[0].split(separator: "-").map { self.value(String($0)) }
            let lower = halves[0] == "*" ? range.lowerBound : ends[0]
            let upper = halves[0] == "*" ? range.upperBound : ends[ends.count - 1]
            return value >= lower && value <= upper && (value - lower) % step == 0
        }
    }

    private func value(_ text: String) -> Int {
        let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        return names.firstIndex(of: text) ?? Int(text) ?? -1
    }
}
