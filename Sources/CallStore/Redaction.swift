/// Takes what identifies people out of texts before they are stored.
///
/// The same text always gives the same result. It finds what is written in one of the usual ways
/// and no more: a number that is spoken as words stays, and a redacted text is not anonymous.
package struct Redaction: Sendable, Equatable {
    /// What is taken out.
    package enum Category: String, Sendable, CaseIterable {
        /// 7 to 15 digits with separators, as telephone numbers have them.
        case numbers

        /// Addresses of the form `name@host.tld`.
        case email

        /// 13 to 19 digits whose check digit is right by the Luhn algorithm.
        case card

        /// An international bank account number whose check digits are right.
        case iban

        /// What stands in its place.
        var mark: String {
            switch self {
            case .numbers: "[number]"
            case .email: "[e-mail]"
            case .card: "[card]"
            case .iban: "[iban]"
            }
        }
    }

    package let categories: Set<Category>

    package init(_ categories: Set<Category>) {
        self.categories = categories
    }

    /// Leaves everything as it is.
    package static let none = Redaction([])

    package var isNone: Bool { categories.isEmpty }

    /// The text without what is to be taken out.
    package func redacted(_ text: String) -> String {
        guard !isNone else { return text }
        var text = text
        // From the surest to the vaguest: an account number holds what looks like a telephone's.
        if categories.contains(.email) { text = Self.withoutEmail(text) }
        if categories.contains(.iban) { text = Self.withoutIBAN(text) }
        if categories.contains(.card) {
            text = Self.replacing(text, .card) { digits, hasPlus in
                !hasPlus && (13...19).contains(digits.count) && Self.isLuhn(digits)
            }
        }
        if categories.contains(.numbers) {
            text = Self.replacing(text, .numbers) { digits, hasPlus in
                (7...15).contains(digits.count) || (hasPlus && digits.count >= 6)
            }
        }
        return text
    }

    // MARK: Patterns

    private static func withoutEmail(_ text: String) -> String {
        guard text.contains("@") else { return text }
        return text.replacing(
            /[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,253}\.[A-Za-z]{2,24}/,
            with: Category.email.mark
        )
    }

    private static func withoutIBAN(_ text: String) -> String {
        text.replacing(/\b[A-Za-z]{2}[0-9]{2}(?:[ \-]?[A-Za-z0-9]){11,30}\b/) { match in
            let found = String(match.output)
            // Words may follow: the longest beginning that is one counts.
            var end = found.endIndex
            while end > found.startIndex {
                if isIBAN(found[..<end]) { return Category.iban.mark + found[end...] }
                end = found.index(before: end)
            }
            return found
        }
    }

    /// ISO 13616: moved letters and digits, read as a number, leave 1 modulo 97.
    private static func isIBAN(_ text: Substring) -> Bool {
        let characters = text.uppercased().filter { $0 != " " && $0 != "-" }
        guard (15...34).contains(characters.count),
            text.last.map({ $0.isLetter || $0.isNumber }) == true
        else { return false }
        var rest = 0
        for character in characters.dropFirst(4) + characters.prefix(4) {
            guard let value = character.hexDigitValue ?? letterValue(character) else {
                return false
            }
            rest = (rest * (value > 9 ? 100 : 10) + value) % 97
        }
        return rest == 1
    }

    private static func letterValue(_ character: Character) -> Int? {
        guard let ascii = character.asciiValue, (65...90).contains(ascii) else { return nil }
        return Int(ascii) - 55
    }

    private static func isLuhn(_ digits: [Int]) -> Bool {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            let doubled = place.isMultiple(of: 2) ? digit : digit * 2
            sum += doubled > 9 ? doubled - 9 : doubled
        }
        return sum.isMultiple(of: 10) && digits.contains { $0 != 0 }
    }

    /// Replaces runs of digits, with single separators between them, that a test takes.
    private static func replacing(
        _ text: String,
        _ category: Category,
        where isMatch: (_ digits: [Int], _ hasPlus: Bool) -> Bool
    ) -> String {
        text.replacing(/\+?\(?[0-9](?:[ .\-\/()]{0,2}[0-9])*/) { match in
            let found = match.output
            let digits = found.compactMap(\.wholeNumberValue)
            return isMatch(digits, found.first == "+") ? category.mark : String(found)
        }
    }
}

extension CallRecord {
    /// The reading with its words redacted; figures, ids and the caller's number stay.
    func redacted(by redaction: Redaction) -> CallRecord {
        guard !redaction.isNone else { return self }
        func clean(_ text: String?) -> String? { text.map(redaction.redacted) }
        func clean(_ value: StoredValue) -> StoredValue {
            switch value {
            case .text(let text): .text(redaction.redacted(text))
            case .list(let values): .list(values.map(clean))
            case .object(let fields): .object(fields.mapValues(clean))
            default: value
            }
        }
        var record = self
        record.summary = clean(summary)
        record.title = clean(title)
        record.feedbackComment = clean(feedbackComment)
        record.criteria = criteria?.map { criterion in
            var criterion = criterion
            criterion.rationale = clean(criterion.rationale)
            return criterion
        }
        record.collected = collected?.map { datum in
            CollectedValue(
                id: datum.id,
                value: clean(datum.value),
                rationale: clean(datum.rationale)
            )
        }
        record.transcript = transcript?.map { turn in
            var turn = turn
            turn.message = clean(turn.message)
            turn.toolCalls = turn.toolCalls.map { call in
                var call = call
                call.arguments = redaction.redacted(call.arguments)
                return call
            }
            turn.toolResults = turn.toolResults.map { result in
                var result = result
                result.value = redaction.redacted(result.value)
                return result
            }
            return turn
        }
        return record
    }
}
