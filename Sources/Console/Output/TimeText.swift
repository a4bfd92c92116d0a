import Attribution
package import Foundation
import Reports
import Settings

/// Times and durations as people write and read them.
package enum TimeText {
    /// `2026-11-21T12:00:00Z`.
    package static func iso(_ date: Date) -> String { ISOTime.text(date) }

    package static func iso(milliseconds: Int64) -> String {
        ISOTime.text(milliseconds: milliseconds)
    }

    package static func iso(unix: Int64) -> String { ISOTime.text(unix: unix) }

    /// `2026-11-21 12:00` in a zone.
    package static func short(unix: Int64, in zone: TimeZone) -> String {
        let date = Date(timeIntervalSince1970: Double(unix))
        let parts = Calendar(identifier: .gregorian).dateComponents(in: zone, from: date)
        func two(_ number: Int?) -> String {
            let text = String(number ?? 0)
            return text.count < 2 ? "0" + text : text
        }
        return "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day)) "
            + "\(two(parts.hour)):\(two(parts.minute))"
    }

    /// The largest two units: `1d 2h`, `3m 4s`, `0.8s`.
    package static func duration(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 10 else {
            let tenths = seconds * 10 + attoseconds / 100_000_000_000_000_000
            return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
        }
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")]
        guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0s" }
        let whole = "\(seconds / units[first].0)\(units[first].1)"
        guard first + 1 < units.count else { return whole }
        let rest = seconds % units[first].0 / units[first + 1].0
        return rest == 0 ? whole : "\(whole) \(rest)\(units[first + 1].1)"
    }

    /// An instant: RFC 3339, a day (its start in the zone), or a time ago such as `36h`.
    ///
    /// - Returns: Unix seconds; nil when the text is none of these.
    package static func instant(_ text: String, in zone: TimeZone, now: Date) -> Int64? {
        if text == "now" { return Int64(now.timeIntervalSince1970) }
        if let ago = Duration(settingText: text) {
            return Int64(now.timeIntervalSince1970) - ago.components.seconds
        }
        if let day = day(text, in: zone) { return Int64(day.timeIntervalSince1970) }
        return rfc3339(text)
    }

    /// RFC 3339 with a zone, with or without fractions; a space may stand for the `T`.
    package static func rfc3339(_ text: String) -> Int64? { RFC3339.unix(text) }

    private static func day(_ text: String, in zone: TimeZone) -> Date? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let components = DateComponents(year: year, month: month, day: day)
        guard components.isValidDate(in: calendar) else { return nil }
        return calendar.date(from: components)
    }
}
