import Foundation
import Yams

/// The word lists that rules understand speech by: data, versioned with the rules that use them.
///
/// The lists are part of a rule's version, and the store keeps them with it, so that a version
/// means the same when the program ships better lists.
package struct Lexicon: Sendable, Hashable {
    /// The same as a JSON text, keys in order: equal lists are equal texts.
    package let text: String

    /// First 16 hexadecimal digits of the text's SHA-256.
    package let digest: String

    private let united: Speech
    private let speeches: [String: Speech]

    private init(list: [LanguageWords]) throws {
        speeches = Dictionary(list.map { ($0.language, Speech($0)) }) { first, _ in first }
        united = Speech(LanguageWords(uniting: list.sorted { $0.language < $1.language }))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text = String(
            decoding: try encoder.encode(list.sorted { $0.language < $1.language }),
            as: UTF8.self
        )
        digest = RuleDigest.digest([text])
    }

    /// Lists that were stored with a version of rules.
    ///
    /// - Throws: `DecodingError` when the text is not of `text`'s form.
    package init(stored text: String) throws {
        try self.init(list: JSONDecoder().decode([LanguageWords].self, from: Data(text.utf8)))
    }

    /// The lists that the program ships: English, German and Spanish.
    package static let shipped: Lexicon = {
        let files = [
            PackageResources.de_yaml, PackageResources.en_yaml, PackageResources.es_yaml,
        ]
        do {
            return try Lexicon(
                list: files.map {
                    try YAMLDecoder().decode(LanguageWords.self, from: Data($0))
                }
            )
        } catch {
            preconditionFailure("The shipped word lists are broken: \(error)")
        }
    }()

    /// The codes, in order.
    package var codes: [String] { speeches.keys.sorted() }

    /// The lists for a call's language, such as `en` or `es-MX`.
    ///
    /// All lists together, without numbers, for a language that is not known or has none: a word
    /// that negates in one of them is taken to negate.
    func speech(for language: String?) -> Speech {
        guard let language else { return united }
        let code = language.lowercased().prefix { $0 != "-" && $0 != "_" }
        return speeches[String(code)] ?? united
    }

    package static func == (left: Lexicon, right: Lexicon) -> Bool { left.digest == right.digest }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// The lists of one language, each entry one or more words.
struct LanguageWords: Sendable, Hashable, Codable {
    struct Negation: Sendable, Hashable, Codable {
        /// Negate what follows within `NegationScope.wordsBefore` words.
        var before: [String]

        /// Negate what precedes within `NegationScope.wordsAfter` words.
        var after: [String]

        /// Look like the others and negate nothing.
        var pseudo: [String]

        /// End what a negation reaches.
        var terminators: [String]
    }

    /// How numbers are said.
    struct Numbers: Sendable, Hashable, Codable {
        enum Order: String, Sendable, Hashable, Codable {
            /// "twenty five", "treinta y cinco".
            case tensUnits = "tens-units"

            /// "fünfundzwanzig".
            case unitsTens = "units-tens"
        }

        var units: [String: Int]
        var others: [String: Int]
        var tens: [String: Int]

        /// What stands between tens and units.
        var joiner: String?
        var order: Order
    }

    var language: String
    var numbers: Numbers?
    var negation: Negation
    var affirmations: [String]
    var denials: [String]

    /// A sentence that begins so is a question, with or without its mark.
    var questionOpeners: [String]

    /// What follows in the clause is not said to be so.
    var hypotheticals: [String]

    fileprivate init(uniting list: [LanguageWords]) {
        func union(_ part: (LanguageWords) -> [String]) -> [String] {
            var seen: Set<String> = []
            return list.flatMap(part).filter { seen.insert($0).inserted }
        }
        language = ""
        numbers = nil
        negation = Negation(
            before: union(\.negation.before),
            after: union(\.negation.after),
            pseudo: union(\.negation.pseudo),
            terminators: union(\.negation.terminators)
        )
        affirmations = union(\.affirmations)
        denials = union(\.denials)
        questionOpeners = union(\.questionOpeners)
        hypotheticals = union(\.hypotheticals)
    }
}

/// The lists of one language, taken apart into words.
struct Speech: Sendable {
    let before: [Phrase]
    let after: [Phrase]
    let pseudo: [Phrase]
    let terminators: [Phrase]
    let affirmations: [Phrase]
    let denials: [Phrase]
    let questionOpeners: [Phrase]
    let hypotheticals: [Phrase]
    let numbers: NumberWords

    init(_ words: LanguageWords) {
        let numbers = NumberWords(words.numbers)
        func phrases(_ list: [String]) -> [Phrase] { list.map { Phrase($0, numbers: nil) } }
        before = phrases(words.negation.before)
        after = phrases(words.negation.after)
        pseudo = phrases(words.negation.pseudo)
        terminators = phrases(words.negation.terminators)
        affirmations = phrases(words.affirmations)
        denials = phrases(words.denials)
        questionOpeners = phrases(words.questionOpeners)
        hypotheticals = phrases(words.hypotheticals)
        self.numbers = numbers
    }
}

/// Number words as digits, for one language.
struct NumberWords: Sendable {
    private let single: [String: Int]
    private let tens: [String: Int]
    private let units: [String: Int]
    private let joiner: String?

    init(_ numbers: LanguageWords.Numbers?) {
        guard let numbers else {
            single = [:]
            tens = [:]
            units = [:]
            joiner = nil
            return
        }
        var single = numbers.units.merging(numbers.others) { first, _ in first }
        single.merge(numbers.tens) { first, _ in first }
        if numbers.order == .unitsTens, let joiner = numbers.joiner {
            for (ten, value) in numbers.tens {
                for (unit, add) in numbers.units { single[unit + joiner + ten] = value + add }
            }
        }
        self.single = single
        let composes = numbers.order == .tensUnits
        tens = composes ? numbers.tens : [:]
        units = composes ? numbers.units : [:]
        joiner = composes ? numbers.joiner : nil
    }

    /// The same words, numbers from 0 to 99 as digits.
    func normalised(_ words: [Words.Word]) -> [Words.Word] {
        guard !single.isEmpty else { return words }
        var result: [Words.Word] = []
        var index = 0
        while index < words.count {
            let word = words[index]
            var value = single[word.text]
            var end = index
            if let ten = tens[word.text] {
                var next = index + 1
                if let joiner {
                    next = next < words.count && words[next].text == joiner ? next + 1 : words.count
                }
                if next < words.count, let unit = units[words[next].text],
                    words[next].clause == word.clause
                {
                    value = ten + unit
                    end = next
                }
            }
            if let value {
                var number = word
                number.text = "\(value)"
                number.range = word.range.lowerBound..<words[end].range.upperBound
                result.append(number)
            } else {
                result.append(word)
            }
            index = end + 1
        }
        return result
    }
}
