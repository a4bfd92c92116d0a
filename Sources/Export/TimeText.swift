package import Foundation

/// Instants as RFC 3339 texts, in UTC and in one zone.
///
/// Calls come in the order of their start, so the zone's offset is asked for once in a quarter of
/// an hour of calls: no zone changes its offset at another minute.
package struct TimeText {
    private let zone: TimeZone
    private var quarter: Int64?
    private var offsetSeconds = 0

    package init(zone: TimeZone) {
        self.zone = zone
    }

    /// With `Z`, to the second.
    package static func utc(_ unix: Int64) -> [UInt8] {
        digits(unix) + [UInt8(ascii: "Z")]
    }

    /// With the zone's offset at that instant, to the second.
    package mutating func local(_ unix: Int64) -> [UInt8] {
        let present = unix.quotientDown(by: 900)
        if present != quarter {
            quarter = present
            let date = Date(timeIntervalSince1970: TimeInterval(present * 900))
            offsetSeconds = zone.secondsFromGMT(for: date)
        }
        var bytes = Self.digits(unix + Int64(offsetSeconds))
        let minutes = abs(offsetSeconds) / 60
        bytes.append(UInt8(ascii: offsetSeconds < 0 ? "-" : "+"))
        Self.add(minutes / 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.add(minutes % 60, digits: 2, to: &bytes)
        return bytes
    }

    /// `YYYY-MM-DDThh:mm:ss` of seconds since 1970, by Howard Hinnant's `civil_from_days`.
    private static func digits(_ seconds: Int64) -> [UInt8] {
        let day = seconds.quotientDown(by: 86_400)
        let second = Int(seconds - day * 86_400)
        let shifted = day + 719_468
        let era = shifted.quotientDown(by: 146_097)
        let dayOfEra = Int(shifted - era * 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(25)
        add(year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        add(month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        add(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        add(second / 3600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        add(second / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        add(second % 60, digits: 2, to: &bytes)
        return bytes
    }

    private static func add(_ number: Int, digits: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}

extension Int64 {
    /// Division that rounds down, also below zero.
    fileprivate func quotientDown(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
