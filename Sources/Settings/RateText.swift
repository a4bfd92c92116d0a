/// So many per second, minute or hour, as people write it: `10/s`, `300/m`, `5000/h`.
package struct RateText: Sendable, Equatable {
    package let events: Int
    package let period: Duration

    /// What is accepted, as the end of "the value is not …".
    package static let form = "a rate such as 10/s, 300/m or 5000/h"

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let events = Int(parts[0]), (1...1_000_000).contains(events) else {
            return nil
        }
        switch parts[1] {
        case "s": period = .seconds(1)
        case "m": period = .seconds(60)
        case "h": period = .seconds(3600)
        default: return nil
        }
        self.events = events
    }
}
