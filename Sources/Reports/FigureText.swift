import Foundation

/// Figures as people read them, the same in a terminal and on paper.
package enum FigureText {
    /// `14.2 %`; a dash where there is no denominator.
    package static func percent(_ share: Double?) -> String {
        guard let share else { return "-" }
        return String(format: "%.1f %%", share * 100)
    }

    /// `m:ss`.
    package static func minutes(_ seconds: Int?) -> String {
        guard let seconds else { return "-" }
        return String(format: "%d:%02d", seconds / 60, seconds % 60)
    }

    package static func money(_ amount: Double?, _ currency: String) -> String {
        guard let amount else { return "-" }
        return String(format: "%.2f ", amount) + currency
    }
}
