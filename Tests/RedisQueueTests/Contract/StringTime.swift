import Foundation

extension String {
    /// A script's text that takes the time from elsewhere.
    func replacingTime(with expression: String) -> String {
        replacingOccurrences(of: "redis.call('TIME')", with: expression)
    }
}
