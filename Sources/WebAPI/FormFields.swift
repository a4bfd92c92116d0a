import Foundation
import Hummingbird

/// Names and values of a form, as they stand behind an address's question mark or in a body.
///
/// A form writes a space as `+`, which an address alone would leave as it is.
struct FormFields {
    let items: [(name: String, value: String)]

    /// - Parameter text: What `application/x-www-form-urlencoded` says, without question mark.
    init(_ text: String) {
        items = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    init(_ request: Request) {
        self.init(request.uri.query ?? "")
    }

    /// What is no percent-encoding of UTF-8 stays as it is.
    private static func decoded(_ text: Substring) -> String {
        let spaced = String(text.replacing("+", with: " "))
        return spaced.removingPercentEncoding ?? spaced
    }
}
