import Foundation
import Scheduling
import TestSupport
import Testing

@Suite("Cron")
struct CronTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let expression: String
        let after: String
        let firings: [String]

        init(_ expression: String, after: String, _ firings: [String]) {
            self.expression = expression
            self.after = after
            self.firings = firings
        }

        var testDescription: String { expression }
    }

    static let cases = [
        Case("*/15 * * * *", after: "2026-01-01T00:00", ["2026-01-01T00:15", "2026-01-01T00:30"]),
        Case("0 0 * * *", after: "2026-01-31T00:00", ["2026-02-01T00:00", "2026-02-02T00:00"]),
        Case("59 23 31 12 *", after: "2026-01-01T00:00", ["2026-12-31T23:59", "2027-12-31T23:59"]),
        Case("0 12 29 2 *", after: "2026-01-01T00:00", ["2028-02-29T12:00", "2032-02-29T12:00"]),
        Case("0 9 * * mon-fri", after: "2026-01-02T09:00", ["2026-01-05T09:00"]),
        Case("0 9 * * MON,Wed", after: "2026-01-05T09:00", ["2026-01-07T09:00"]),
        Case("0 0 * * 7", after: "2026-01-01T00:00", ["2026-01-04T00:00"]),
        Case("0 0 * * 0", after: "2026-01-01T00:00", ["2026-01-04T00:00"]),
        Case("0 0 * * fri-sun", after: "2026-01-03T00:00", ["2026-01-04T00:00"]),
        Case("0 0 * jan,jul *", after: "2026-01-31T00:00", ["2026-07-01T00:00"]),
        Case(
            "0 0 13 * fri",
            after: "2026-01-01T00:00",
            ["2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00", "2026-01-16T00:00"]
        ),
        Case("0 0 */2 * mon", after: "2026-01-01T00:00", ["2026-01-05T00:00", "2026-01-19T00:00"]),
        Case(
            "5/20 8-9 * * *",
            after: "2026-01-01T08:25",
            ["2026-01-01T08:45", "2026-01-01T09:05"]
        ),
        Case("10-30/10 * * * *", after: "2026-01-01T00:15", ["2026-01-01T00:20"]),
        Case("@hourly", after: "2026-01-01T00:00", ["2026-01-01T01:00", "2026-01-01T02:00"]),
        Case("@daily", after: "2026-01-01T00:00", ["2026-01-02T00:00"]),
        Case("@weekly", after: "2026-01-01T00:00", ["2026-01-04T00:00"]),
        Case("@monthly", after: "2026-01-01T00:00", ["2026-02-01T00:00"]),
        Case("@yearly", after: "2026-01-01T00:00", ["2027-01-01T00:00"]),
        Case("every 1h30m", after: "2026-01-01T00:00", ["2026-01-01T01:30", "2026-01-01T03:00"]),
    ]

    @Test("fires at the instants that the expression names", arguments: cases)
    func firesAsNamed(_ row: Case) throws {
        let occurrences = Occurrences(of: try Cadence(parsing: row.expression), in: try zone("UTC"))
        var cursor = try instant(row.after + ":00Z")
        var found: [String] = []
        for _ in row.firings {
            cursor = try #require(occurrences.next(after: cursor))
            found.append(text(cursor))
        }
        #expect(found == row.firings.map { $0 + ":00Z" })
    }

    @Test("a sixth field counts seconds, and every counts from the epoch")
    func seconds() throws {
        let start = try instant("2026-01-01T00:00:00Z")
        let six = Occurrences(of: try Cadence(parsing: "10,40 * * * * *"), in: try zone("UTC"))
        #expect(six.next(after: start) == start + 10)
        #expect(six.next(after: start + 10) == start + 40)
        #expect(six.next(after: start + 40) == start + 70)
        let every = Occurrences(of: try Cadence(parsing: "every 90s"), in: try zone("UTC"))
        #expect(every.next(after: start) == start + 90)
        #expect(every.next(after: start + 89) == start + 90)
        #expect(every.next(after: start + 90) == start + 180)
    }

    static let wrong: [(String, CronError)] = [
        ("", .fieldCount(0)),
        ("* * * *", .fieldCount(4)),
        ("* * * * * * *", .fieldCount(7)),
        ("60 * * * *", .field(.minute, text: "60", problem: .outOfRange(0...59))),
        ("* 24 * * *", .field(.hour, text: "24", problem: .outOfRange(0...23))),
        ("* * 0 * *", .field(.dayOfMonth, text: "0", problem: .outOfRange(1...31))),
        ("* * * 13 *", .field(.month, text: "13", problem: .outOfRange(1...12))),
        ("* * * * 8", .field(.dayOfWeek, text: "8", problem: .outOfRange(0...7))),
        ("60 * * * * *", .field(.second, text: "60", problem: .outOfRange(0...59))),
        ("x * * * *", .field(.minute, text: "x", problem: .notANumber)),
        ("-5 * * * *", .field(.minute, text: "-5", problem: .empty)),
        ("+5 * * * *", .field(.minute, text: "+5", problem: .notANumber)),
        ("* * * foo *", .field(.month, text: "foo", problem: .notANumber)),
        ("30-10 * * * *", .field(.minute, text: "30-10", problem: .backwards)),
        ("1-2-3 * * * *", .field(.minute, text: "1-2-3", problem: .notANumber)),
        ("*/0 * * * *", .field(.minute, text: "*/0", problem: .step)),
        ("*/60 * * * *", .field(.minute, text: "*/60", problem: .step)),
        ("*/5/5 * * * *", .field(.minute, text: "*/5/5", problem: .step)),
        ("1,,2 * * * *", .field(.minute, text: "", problem: .empty)),
        ("0 0 30 2 *", .neverFires),
        ("@reboot", .unknownMacro("@reboot")),
        ("every", .interval("")),
        ("every 1500ms", .interval("1500ms")),
        ("every 0s", .interval("0s")),
        ("every 400d", .interval("400d")),
        ("every day", .interval("day")),
    ]

    @Test("says which field is wrong and why", arguments: wrong)
    func refuses(text: String, error: CronError) {
        #expect(throws: error) { try Cadence(parsing: text) }
    }

    @Test("reads durations and nothing else")
    func durations() {
        #expect(DurationText.milliseconds("90s") == 90_000)
        #expect(DurationText.milliseconds("1h30m") == 5_400_000)
        #expect(DurationText.milliseconds("7d") == 604_800_000)
        #expect(DurationText.milliseconds("500ms") == 500)
        for text in ["", "5", "s", "5 s", "-5s", "5x", "99999999999s", "5s5"] {
            #expect(DurationText.milliseconds(text) == nil, "\(text)")
        }
    }

    @Test("gives the newest firings of a long time, oldest first")
    func newest() throws {
        let occurrences = Occurrences(of: try Cadence(parsing: "@hourly"), in: try zone("UTC"))
        let now = try instant("2026-06-01T12:30:00Z")
        let found = occurrences.newest(3, after: 0, through: now)
        #expect(found.map(text) == ["10", "11", "12"].map { "2026-06-01T\($0):00:00Z" })
        #expect(
            occurrences.newest(3, after: now - 3600, through: now).map(text) == [
                "2026-06-01T12:00:00Z"
            ]
        )
        #expect(occurrences.newest(3, after: now - 60, through: now).isEmpty)
    }
}

func zone(_ name: String) throws -> TimeZone {
    try #require(TimeZone(identifier: name))
}

func instant(_ text: String) throws -> Int64 {
    Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970)
}

func text(_ instant: Int64) -> String {
    Date(timeIntervalSince1970: Double(instant)).formatted(.iso8601)
}
