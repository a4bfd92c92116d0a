package import PhoneNumbers

/// Numbers from a spreadsheet that has taken their plus for arithmetic.
///
/// `4915112345678` read in Germany is a valid number of somebody else, so it cannot be told from
/// one number alone; it is told from most of a file's.
package struct LostPlus: Sendable {
    /// Share of a file's numbers from which on somebody has to be asked.
    package static let shareMin = 0.8

    private let callingCode: String

    package init(region: Region) {
        callingCode = region.callingCode
    }

    /// The number with a plus, when it begins with the country's code and has none.
    package func mended(_ text: String) -> String? {
        let digits = text.utf8.filter { !Self.separators.contains($0) }
        guard digits.count > callingCode.utf8.count + Self.nationalDigitsMin,
            digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.starts(with: callingCode.utf8)
        else { return nil }
        return "+" + String(decoding: digits, as: UTF8.self)
    }

    /// Fewer digits after the country's code are a local number that begins like it.
    private static let nationalDigitsMin = 6
    private static let separators = Set(" -.()/".utf8)
}

/// What a first look at a recipients file finds, before anything is written.
package struct RecipientsSurvey: Sendable, Equatable {
    /// A number as the file has it, and as it is read without and with a plus.
    package struct Example: Sendable, Equatable {
        package var text: String
        package var without: String?
        package var with: String?
    }

    package static let examplesMax = 10

    /// Numbers that are read both ways, to see whether the answer matters at all.
    static let comparedMax = 1_000

    package var rows = 0

    /// Rows with a number.
    package var numbers = 0

    /// Numbers that begin with the country's code and have no plus.
    package var withoutPlus = 0

    /// Of those that were compared, how many are another number with a plus than without.
    package var different = 0
    package var examples: [Example] = []
    var compared = 0

    /// Share of the numbers that may have lost their plus.
    package var share: Double { numbers == 0 ? 0 : Double(withoutPlus) / Double(numbers) }

    /// Whether somebody has to say if a plus is to be added.
    package var asksForPlus: Bool { share >= LostPlus.shareMin && different > 0 }

    mutating func note(
        _ text: String,
        plus: LostPlus,
        numbers reader: NumberNormalizer,
        region: Region
    ) {
        guard !text.isEmpty else { return }
        numbers += 1
        guard let mended = plus.mended(text) else { return }
        withoutPlus += 1
        guard compared < Self.comparedMax else { return }
        compared += 1
        let example = Example(
            text: text,
            without: reader.read(text, region: region).e164?.text,
            with: reader.read(mended, region: region).e164?.text
        )
        guard example.with != nil, example.with != example.without else { return }
        different += 1
        if examples.count < Self.examplesMax { examples.append(example) }
    }
}
