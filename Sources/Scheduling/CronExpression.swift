/// When something is due, in local time: a cron expression.
///
/// Each field is a set of values, kept as bits. A day matches when day of month and day of week
/// both match; when neither of the two begins with `*`, one of them is enough, as in Vixie cron.
package struct CronExpression: Sendable, Equatable {
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt64
    let daysOfMonth: UInt64
    let months: UInt64
    let daysOfWeek: UInt64

    /// Whether either day field is enough.
    let eitherDay: Bool

    /// Whether the hour field is `*` or has a step, rather than naming fixed hours.
    ///
    /// Decides what happens when the clock is put back: see `Occurrences`.
    let isHourRecurring: Bool

    /// The next matching local time at or after one, in seconds of a clock without zone.
    ///
    /// - Parameter start: Seconds since 1970-01-01T00:00:00 of the local calendar.
    /// - Returns: The time in the same measure; nil when there is none within `horizonDays`.
    func nextMatch(from start: Int64) -> Int64? {
        var day = start.floored(by: Self.secondsPerDay)
        var second = Int(start - day * Self.secondsPerDay)
        let lastDay = day + Self.horizonDays
        while day <= lastDay {
            let date = CivilDate(daysSince1970: day)
            if !months.hasBit(date.month) {
                day = date.firstOfNextMonth.daysSince1970
                second = 0
                continue
            }
            if matches(date), let time = nextTimeOfDay(from: second) {
                return day * Self.secondsPerDay + Int64(time)
            }
            day += 1
            second = 0
        }
        return nil
    }

    /// 29 February on a given weekday comes every 28 years, every 40 across 2100.
    static let horizonDays: Int64 = 41 * 366
    static let secondsPerDay: Int64 = 86_400

    private func matches(_ date: CivilDate) -> Bool {
        let month = daysOfMonth.hasBit(date.day)
        let week = daysOfWeek.hasBit(date.weekday)
        return eitherDay ? month || week : month && week
    }

    private func nextTimeOfDay(from start: Int) -> Int? {
        let (hour, minute, second) = (start / 3600, start / 60 % 60, start % 60)
        guard let firstSecond = seconds.nextBit(from: 0), let firstMinute = minutes.nextBit(from: 0)
        else { return nil }
        if hours.hasBit(hour) {
            if minutes.hasBit(minute), let next = seconds.nextBit(from: second) {
                return hour * 3600 + minute * 60 + next
            }
            if let next = minutes.nextBit(from: minute + 1) {
                return hour * 3600 + next * 60 + firstSecond
            }
        }
        return hours.nextBit(from: hour + 1).map { $0 * 3600 + firstMinute * 60 + firstSecond }
    }
}

/// A day of the proleptic Gregorian calendar.
///
/// The conversions are those of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
struct CivilDate: Equatable {
    var year: Int64
    var month: Int
    var day: Int

    init(year: Int64, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = shifted.floored(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.floored(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// 0 for Sunday to 6.
    var weekday: Int {
        // 1970-01-01 was a Thursday.
        let shifted = daysSince1970 + 4
        return Int(shifted - shifted.floored(by: 7) * 7)
    }

    var firstOfNextMonth: Self {
        month == 12
            ? Self(year: year + 1, month: 1, day: 1) : Self(year: year, month: month + 1, day: 1)
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity.
    func floored(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension UInt64 {
    func hasBit(_ index: Int) -> Bool {
        self >> UInt64(index) & 1 == 1
    }

    /// The lowest set bit at or above an index.
    func nextBit(from index: Int) -> Int? {
        guard index < 64 else { return nil }
        let rest = self >> UInt64(index)
        return rest == 0 ? nil : index + rest.trailingZeroBitCount
    }
}
