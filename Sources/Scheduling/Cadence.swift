/// How often a schedule fires.
package enum Cadence: Sendable, Equatable {
    /// By the local clock of the schedule's time zone.
    case cron(CronExpression)

    /// Every so many seconds, counted from 1970-01-01T00:00:00Z, so that everybody who counts
    /// comes to the same instants.
    case every(seconds: Int64)

    /// Longest interval.
    static let intervalSecondsMax: Int64 = 366 * 86_400

    /// Reads a cron expression, a macro, or `every` with a duration.
    package init(parsing text: String) throws(CronError) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let first = words.first else { throw CronError.fieldCount(0) }
        if first == "every" || first == "@every" {
            guard words.count == 2, let milliseconds = DurationText.milliseconds(words[1]),
                milliseconds % 1000 == 0,
                (1...Self.intervalSecondsMax).contains(milliseconds / 1000)
            else { throw CronError.interval(words.dropFirst().joined(separator: " ")) }
            self = .every(seconds: milliseconds / 1000)
        } else if first.hasPrefix("@") {
            guard words.count == 1, let expression = Self.macros[first.lowercased()] else {
                throw CronError.unknownMacro(words.joined(separator: " "))
            }
            self = .cron(try CronExpression(parsing: expression))
        } else {
            self = .cron(try CronExpression(parsing: text))
        }
    }

    private static let macros = [
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    ]
}

/// Durations as people write them: `90s`, `5m`, `1h30m`, `7d`, `500ms`.
package enum DurationText {
    /// Milliseconds of a text; nil when it is no duration or over a hundred years.
    package static func milliseconds(_ text: String) -> Int64? {
        var total: Int64 = 0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            // Ten digits of the largest unit stay within 64 bits.
            guard digits.count <= 10, let count = Int64(digits), let factor = units[String(unit)]
            else { return nil }
            total += count * factor
            guard total <= totalMax else { return nil }
        }
        return total
    }

    private static let totalMax: Int64 = 100 * 366 * 86_400_000
    private static let units: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
}
