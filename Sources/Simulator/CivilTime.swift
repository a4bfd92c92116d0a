/// A date and time of day in UTC, computed from Unix seconds without a calendar library.
package struct CivilTime: Sendable, Equatable {
    package let year: Int
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    /// 0 is Sunday.
    package let weekday: Int

    /// Howard Hinnant's `civil_from_days`; right for every date that a call can have.
    package init(unix: Int) {
        let days = Int((Double(unix) / 86_400).rounded(.down))
        let secondOfDay = unix - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = secondOfDay / 3_600
        minute = secondOfDay / 60 % 60
        second = secondOfDay % 60
        weekday = ((days + 4) % 7 + 7) % 7
    }

    /// RFC 3339 with a fixed offset from UTC.
    package static func timestamp(_ unix: Int, offsetHours: Int = 0) -> String {
        let local = CivilTime(unix: unix + offsetHours * 3_600)
        let zone: String
        if offsetHours == 0 {
            zone = "Z"
        } else {
            zone = (offsetHours < 0 ? "-" : "+") + padded(abs(offsetHours)) + ":00"
        }
        return local.date + "T" + local.clock + ":" + padded(local.second) + zone
    }

    /// The date alone, such as `2026-11-24`.
    package var date: String {
        "\(year)-\(Self.padded(month))-\(Self.padded(day))"
    }

    /// Hours and minutes, such as `09:30`.
    package var clock: String {
        "\(Self.padded(hour)):\(Self.padded(minute))"
    }

    private static func padded(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }
}
