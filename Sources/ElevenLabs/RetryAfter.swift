import Foundation
import HTTPClient

/// How long an answer asks to wait.
enum RetryAfter {
    /// Reads `retry-after-ms`, `retry-after` (seconds or a date), then `x-ratelimit-reset`.
    ///
    /// That is the order of the vendor's own client. Never negative, never over
    /// `ElevenLabsLimits.retryAfterMax`.
    static func wait(in headers: HTTPHeaders, now: Date) -> Duration? {
        if let milliseconds = headers["retry-after-ms"].flatMap(number) {
            return capped(milliseconds / 1_000)
        }
        if let text = headers["retry-after"] {
            if let seconds = number(text) { return capped(seconds) }
            if let unix = HTTPDate.unixSeconds(text) {
                return capped(Double(unix) - now.timeIntervalSince1970)
            }
        }
        if let reset = headers["x-ratelimit-reset"].flatMap(number) {
            // Unix seconds; some servers send the seconds that are left.
            return capped(reset > 1_000_000_000 ? reset - now.timeIntervalSince1970 : reset)
        }
        return nil
    }

    private static func number(_ text: String) -> Double? {
        let text = text.trimmingCharacters(in: .whitespaces)
        // `Double` would also read "nan", "inf" and hexadecimal.
        guard !text.isEmpty, text.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }) else {
            return nil
        }
        return Double(text)
    }

    private static func capped(_ seconds: Double) -> Duration {
        let max = Double(ElevenLabsLimits.retryAfterMax.components.seconds)
        return .milliseconds(Int64(min(Swift.max(seconds, 0), max) * 1_000))
    }
}

/// The three forms of a date in HTTP, RFC 9110 section 5.6.7.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Unix seconds of a date; nil when it is none.
    static func unixSeconds(_ text: String) -> Int64? {
        let words = text.split { " ,-".contains($0) }.map(String.init)
        // Sun, 06 Nov 1994 08:49:37 GMT · Sunday, 06-Nov-94 08:49:37 GMT
        if words.count == 6, words[5] == "GMT" || words[5] == "UTC" {
            return unixSeconds(day: words[1], month: words[2], year: words[3], time: words[4])
        }
        // Sun Nov  6 08:49:37 1994
        if words.count == 5 {
            return unixSeconds(day: words[2], month: words[1], year: words[4], time: words[3])
        }
        return nil
    }

    private static func unixSeconds(
        day: String,
        month: String,
        year: String,
        time: String
    ) -> Int64? {
        guard let day = Int64(day), (1...31).contains(day),
            let index = months.firstIndex(of: month),
            var year = Int64(year), (0...9_999).contains(year)
        else { return nil }
        // Two digits mean the years around now; RFC 850 dates are not written any more.
        if year < 100 { year += year < 70 ? 2_000 : 1_900 }
        let parts = time.split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 3, (0...23).contains(parts[0]), (0...59).contains(parts[1]),
            (0...60).contains(parts[2])
        else { return nil }
        let days = daysSince1970(year: year, month: Int64(index + 1), day: day)
        return ((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2]
    }

    /// Days from the civil date, after Howard Hinnant's "chrono-compatible date algorithms".
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
