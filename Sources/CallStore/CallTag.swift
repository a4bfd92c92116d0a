import Foundation

/// A word that people put on a call, such as `follow-up`.
package struct CallTag: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package static let lengthMax = 40

    /// Tags that one call can have, those that exclude it not counted.
    package static let perCallMax = 20

    /// Digits of a tag; a telephone number has more, whatever stands between them.
    private static let digitsMax = 6

    /// Lower-case letters, digits, `-`, `_`, `.`, `:` and `/`.
    package let text: String

    /// What is wrong with a text that is no tag.
    package static let rule =
        "a tag has 1 to \(lengthMax) letters, digits, - _ . : or /, "
        + "at most \(digitsMax) of them digits: it is no telephone number"

    /// Letters become small, spaces `-`; nil for what is no tag.
    package init?(_ written: String) {
        let text = written.trimmingCharacters(in: .whitespaces).lowercased()
            .precomposedStringWithCanonicalMapping
            .replacing(/\s+/, with: "-")
        guard (1...Self.lengthMax).contains(text.unicodeScalars.count),
            text.allSatisfy({ $0.isLetter || $0.isWholeNumber || "-_.:/".contains($0) }),
            // Lists and addresses show tags to everybody, and nobody's number.
            text.count(where: { $0.isWholeNumber }) <= Self.digitsMax,
            Redaction([.numbers]).redacted(text) == text
        else { return nil }
        self.text = text
    }

    init(stored: String) {
        text = stored
    }

    package init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }

    package static func < (left: CallTag, right: CallTag) -> Bool { left.text < right.text }

    /// Why a call with this tag is counted apart; nil for a tag that changes no figure.
    package var exclusion: ExclusionReason? {
        switch ExclusionReason(rawValue: text) {
        case .test: .test
        case .internal: .internal
        case .spam: .spam
        // It says nothing by itself.
        case .other, nil: nil
        }
    }
}
