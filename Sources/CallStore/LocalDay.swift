/// A day of the calendar, without a zone, as a number since 1970-01-01.
package struct LocalDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let number: Int

    package init(_ number: Int) {
        self.number = number
    }

    /// The day of an instant in a zone.
    package init(unix: Int64, offsetSeconds: Int) {
        let local = Int(unix) + offsetSeconds
        number = local >= 0 ? local / 86_400 : -((86_399 - local) / 86_400)
    }

    /// `YYYY-MM-DD`; nil for anything else and for days that no calendar has.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        guard description == text else { return nil }
    }

    /// By Howard Hinnant's `days_from_civil`.
    package init(year: Int, month: Int, day: Int) {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = era * 146_097 + dayOfEra - 719_468
    }

    /// By Howard Hinnant's `civil_from_days`.
    package var parts: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * fromMarch + 2) / 5 + 1)
    }

    package var description: String {
        let (year, month, day) = parts
        func padded(_ number: Int, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// Monday of its week.
    package var weekStart: LocalDay {
        // 1970-01-01 was a Thursday.
        let sinceMonday = ((number + 3) % 7 + 7) % 7
        return LocalDay(number - sinceMonday)
    }

    package var monthStart: LocalDay {
        let (year, month, _) = parts
        return LocalDay(year: year, month: month, day: 1)
    }

    /// The first day of the month after its own.
    package var nextMonthStart: LocalDay {
        let (year, month, _) = parts
        return month == 12
            ? LocalDay(year: year + 1, month: 1, day: 1)
            : LocalDay(year: year, month: month + 1, day: 1)
    }

    package static func + (day: LocalDay, days: Int) -> LocalDay { LocalDay(day.number + days) }

    package static func < (left: LocalDay, right: LocalDay) -> Bool { left.number < right.number }
}
