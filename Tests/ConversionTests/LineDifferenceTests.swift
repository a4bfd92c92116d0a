import Conversion
import TestSupport
import Testing

@Suite("two texts, line by line")
struct LineDifferenceTests {
    private static func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

    @Test("says what is added, what is removed, and skips what is far from both")
    func example() throws {
        let old = (1...20).map { "line \($0)" }
        var new = old
        new[9] = "another"
        new.append("last")
        let found = try #require(LineDifference(from: Self.text(old), to: Self.text(new)))
        typealias Line = LineDifference.Line
        let expected: [Line] = [
            Line(kind: .skipped, old: nil, new: nil, text: "6"),
            Line(kind: .same, old: 7, new: 7, text: "line 7"),
            Line(kind: .same, old: 8, new: 8, text: "line 8"),
            Line(kind: .same, old: 9, new: 9, text: "line 9"),
            Line(kind: .removed, old: 10, new: nil, text: "line 10"),
            Line(kind: .added, old: nil, new: 10, text: "another"),
            Line(kind: .same, old: 11, new: 11, text: "line 11"),
            Line(kind: .same, old: 12, new: 12, text: "line 12"),
            Line(kind: .same, old: 13, new: 13, text: "line 13"),
            Line(kind: .skipped, old: nil, new: nil, text: "4"),
            Line(kind: .same, old: 18, new: 18, text: "line 18"),
            Line(kind: .same, old: 19, new: 19, text: "line 19"),
            Line(kind: .same, old: 20, new: 20, text: "line 20"),
            Line(kind: .added, old: nil, new: 21, text: "last"),
        ]
        #expect(found.lines == expected)
        #expect(!found.isEmpty)
    }

    @Test("of the same text nothing differs")
    func same() throws {
        let same = try #require(LineDifference(from: "a\nb\n", to: "a\nb\n"))
        #expect(same.isEmpty && same.lines.map(\.text) == ["2"])
        #expect(try #require(LineDifference(from: "", to: "")).lines.isEmpty)
    }

    @Test("both texts can be made of it again", arguments: UInt64(1)...200)
    func rebuilds(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        func lines() -> [String] {
            (0..<Int.random(in: 0...12, using: &random)).map { _ in
                ["a", "b", "", "c"].randomElement(using: &random) ?? ""
            }
        }
        let (old, new) = (lines(), lines())
        let found = try #require(LineDifference(from: Self.text(old), to: Self.text(new)))
        func rebuilt(
            _ source: [String],
            _ place: (LineDifference.Line) -> Int?,
            without kind: LineDifference.Kind
        ) -> [String] {
            var result: [String] = []
            for line in found.lines where line.kind != kind {
                if line.kind == .skipped {
                    let count = Int(line.text) ?? 0
                    result += source[result.count..<result.count + count]
                } else {
                    #expect(place(line) == result.count + 1, "seed \(seed)")
                    result.append(line.text)
                }
            }
            return result
        }
        #expect(rebuilt(old, \.old, without: .added) == old, "seed \(seed)")
        #expect(rebuilt(new, \.new, without: .removed) == new, "seed \(seed)")
    }

    @Test("texts that differ in too many lines are not compared; what they share does not count")
    func long() throws {
        let max = LineDifference.linesMax
        let many = Self.text((0...max).map { "old \($0)" })
        #expect(LineDifference(from: many, to: "new\n") == nil)
        #expect(LineDifference(from: "new\n", to: many) == nil)
        let shared = Self.text((0..<max * 3).map { "line \($0)" })
        let found = try #require(LineDifference(from: shared, to: shared + "new\n"))
        #expect(found.lines.count { $0.kind == .added } == 1)
    }
}
