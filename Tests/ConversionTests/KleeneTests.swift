import CallStore
import Conversion
import Testing

@Suite("Three-valued logic")
struct TruthTests {
    /// Kleene's tables for two values: left, right, all, any, none.
    static let tables: [(Ternary, Ternary, Ternary, Ternary, Ternary)] = [
        (.yes, .yes, .yes, .yes, .no),
        (.yes, .no, .no, .yes, .no),
        (.yes, .unknown, .unknown, .yes, .no),
        (.no, .yes, .no, .yes, .no),
        (.no, .no, .no, .no, .yes),
        (.no, .unknown, .no, .unknown, .unknown),
        (.unknown, .yes, .unknown, .yes, .no),
        (.unknown, .no, .no, .unknown, .unknown),
        (.unknown, .unknown, .unknown, .unknown, .unknown),
    ]

    @Test("follows Kleene's tables", arguments: tables)
    func follows(left: Ternary, right: Ternary, all: Ternary, any: Ternary, none: Ternary) {
        #expect(Ternary.all([left, right]) == all)
        #expect(Ternary.any([left, right]) == any)
        #expect(Ternary.none([left, right]) == none)
    }

    @Test("takes nothing for all true and none true")
    func emptyLists() {
        #expect(Ternary.all([]) == .yes)
        #expect(Ternary.any([]) == .no)
        #expect(Ternary.none([]) == .yes)
    }

    @Test("negates what is known")
    func negation() {
        #expect([Ternary.yes, .no, .unknown].map { !$0 } == [Ternary.no, .yes, .unknown])
    }
}
