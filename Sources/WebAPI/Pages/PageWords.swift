import CallStore
import Definitions
import Foundation
import PhoneNumbers
import Reports
import Telemetry

/// What a template sees.
typealias View = [String: any Sendable]

/// Values as the pages write them, in one place.
struct PageWords: Sendable {
    /// The zone of the reports.
    let zone: TimeZone
    let nowUnix: Int64

    /// Whether numbers that were spoken are shown as they were.
    var showsNumbers = false

    /// What was said, or what the upstream wrote down of it.
    func spoken(_ text: String) -> String {
        showsNumbers ? text : LogMask().masked(text)
    }

    /// `1,204`.
    static func count(_ number: Int) -> String {
        var digits = String(abs(number))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// `1 call`, `1,204 calls`.
    static func count(_ number: Int, _ thing: String) -> String {
        count(number) + " " + thing + (number == 1 ? "" : "s")
    }

    /// The parts of a text in which words of programs stand between backticks.
    static func marked(_ text: String) -> [View] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.element.isEmpty }
            .map { ["text": String($0.element), "isCode": !$0.offset.isMultiple(of: 2)] }
    }

    /// `30 %`, with a decimal below 10; a dash where there is no denominator.
    static func share(_ share: Double?) -> String {
        guard let share else { return "–" }
        return share < 0.0995 && share > 0
            ? FigureText.percent(share) : "\(Int((share * 100).rounded())) %"
    }

    static func share(_ part: Int, of whole: Int) -> String {
        share(whole == 0 ? nil : Double(part) / Double(whole))
    }

    /// `m:ss`; a dash when unknown.
    static func duration(_ seconds: Int?) -> String {
        seconds == nil ? "–" : FigureText.minutes(seconds)
    }

    static func duration(_ seconds: Double?) -> String {
        duration(seconds.map { Int($0.rounded()) })
    }

    /// `4` or `4.5`, of 5.
    static func rating(_ rating: Double) -> String {
        rating == rating.rounded() ? String(Int(rating)) : String(format: "%.1f", rating)
    }

    static func money(_ amount: Double?) -> String {
        guard let amount else { return "–" }
        return String(format: "$%.2f", amount)
    }

    /// A caller with the middle of the number hidden, or what stands for one.
    static func caller(_ number: String?, kind: String?) -> String {
        if kind == "withheld" { return "withheld" }
        guard let number, !number.isEmpty else { return "–" }
        return PhoneMask.masked(number)
    }

    /// `21 Nov 23:02`, with the year when it is another one.
    func time(_ unix: Int64) -> String {
        let local = unix + Int64(offset(unix))
        let day = LocalDay(unix: unix, offsetSeconds: offset(unix))
        let second = ((local % 86_400) + 86_400) % 86_400
        return Self.short(day, today: today)
            + String(format: " %02d:%02d", second / 3_600, second % 3_600 / 60)
    }

    /// `23:02`.
    func clock(_ unix: Int64) -> String {
        let local = unix + Int64(offset(unix))
        let second = ((local % 86_400) + 86_400) % 86_400
        return String(format: "%02d:%02d", second / 3_600, second % 3_600 / 60)
    }

    /// An instant as programs read it.
    static func machine(_ unix: Int64) -> String {
        Date(timeIntervalSince1970: Double(unix)).formatted(.iso8601)
    }

    /// `3 min ago`.
    func ago(_ unix: Int64) -> String {
        let seconds = max(0, nowUnix - unix)
        switch seconds {
        case ..<60: return "just now"
        case ..<3_600: return "\(seconds / 60) min ago"
        case ..<86_400: return "\(seconds / 3_600) h ago"
        default: return "\(seconds / 86_400) d ago"
        }
    }

    /// `8s`, `2m10s`: how long something has waited.
    static func wait(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) m \(seconds % 60) s"
        default: "\(seconds / 3_600) h \(seconds % 3_600 / 60) m"
        }
    }

    /// `80 ms`, `2.4 s`: how long a job waited or ran.
    static func took(_ duration: Duration?) -> String {
        guard let duration else { return "–" }
        let milliseconds = duration / .milliseconds(1)
        return milliseconds < 1_000
            ? "\(Int(milliseconds)) ms" : String(format: "%.1f s", milliseconds / 1_000)
    }

    /// `0.82 s`: how long an agent took to answer.
    static func response(_ milliseconds: Int?) -> String {
        milliseconds.map { String(format: "%.2f s", Double($0) / 1_000) } ?? "–"
    }

    /// `0.42`: so many to each; a dash where there is none to count them of.
    static func mean(_ number: Double?) -> String {
        number.map { String(format: "%.2f", $0) } ?? "–"
    }

    /// `40 min`, `5 h`, `3.5 d`: the middle of many times, to be compared with others.
    static func span(_ seconds: Int) -> String {
        switch seconds {
        case ..<5_400: "\(seconds / 60) min"
        case ..<172_800: "\((seconds + 1_800) / 3_600) h"
        default: String(format: "%.1f d", Double(seconds) / 86_400)
        }
    }

    var today: LocalDay { LocalDay(unix: nowUnix, offsetSeconds: offset(nowUnix)) }

    /// The first second of a day in the zone.
    func start(of day: LocalDay) -> Int64 {
        let guess = Int64(day.number) * 86_400
        // Offsets are below a day; the second look is right but for the hour of a change.
        return guess - Int64(offset(guess - Int64(offset(guess))))
    }

    private func offset(_ unix: Int64) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(unix)))
    }

    /// `21 Nov`, with the year when it is not that of today.
    static func short(_ day: LocalDay, today: LocalDay) -> String {
        let (year, month, number) = day.parts
        let text = "\(number) \(months[month - 1])"
        return year == today.parts.year ? text : text + " \(year)"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
