/// A text that never shows itself: not when printed, logged, dumped or interpolated.
///
/// Only `reveal()` gives it out, so a search for that word finds every place that does.
package struct Secret: Sendable, Equatable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The text itself, for the one who has to send or compute with it.
    package func reveal() -> String { text }

    /// What stands in its place wherever it would be shown.
    package static let mask = "********"
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Self.mask }
    package var debugDescription: String { Self.mask }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
