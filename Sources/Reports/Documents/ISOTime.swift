package import Foundation

/// Instants as programs read them: `2026-11-21T12:00:00Z`.
package enum ISOTime {
    package static func text(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(timeZone: .gmt))
    }

    package static func text(milliseconds: Int64) -> String {
        text(Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }

    package static func text(unix: Int64) -> String {
        text(Date(timeIntervalSince1970: Double(unix)))
    }
}
