import Foundation
import PhoneNumbers
import Testing

@Suite("spellings of a number")
struct SpellingTests {
    private static let german = "+4915112345678"

    private func occurs(_ number: String, in text: String) throws -> Bool {
        NumberSpellings(try #require(E164(stored: number))).occur(in: Array(text.utf8))
    }

    @Test(
        "are found however they are written",
        arguments: [
            "+4915112345678", "004915112345678", "015112345678", "0151 12345678",
            "(0151) 123-45678",
            "+49 (0) 151 / 12 34 56 78", "tel:%2B49%20151%2012345678", "{\"n\":\"15112345678\"}",
            "x15112345678y", "sip:+4915112345678@example.com",
        ]
    )
    func found(text: String) throws {
        #expect(try occurs(Self.german, in: text))
    }

    @Test(
        "others are not",
        arguments: [
            "", "+4915112345679", "151 1234567", "151 1234 ---- 5678", "1.5e11", "87654321151",
        ]
    )
    func notFound(text: String) throws {
        #expect(try !occurs(Self.german, in: text))
    }

    @Test("a short national number is looked for with its country code alone")
    func short() throws {
        #expect(try occurs("+35312345", in: "call +353 12345 now"))
        #expect(try !occurs("+35312345", in: "order 12345"))
    }

    @Test("a number that is cut between two pieces is found when they overlap")
    func overlap() throws {
        let spellings = NumberSpellings(try #require(E164(stored: Self.german)))
        let text = Array((String(repeating: "x", count: 300) + "0151 - 123 - 456 - 78").utf8)
        for cut in 1..<text.count {
            let first = text[..<cut]
            let second = Array(first.suffix(spellings.overlap)) + text[cut...]
            #expect(spellings.occur(in: Array(first)) || spellings.occur(in: second))
        }
    }
}
