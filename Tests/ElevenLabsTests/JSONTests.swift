import ElevenLabs
import TestSupport
import Testing

@Suite struct JSONTests {
    @Test(
        "reads what the grammar allows",
        arguments: [
            ("null", JSONValue.null), (" true ", .bool(true)), ("false", .bool(false)),
            ("0", .integer(0)), ("-0", .integer(0)), ("12", .integer(12)),
            ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
            ("1.5", .number(1.5)), ("-1e3", .number(-1000)), ("2E+2", .number(200)),
            ("\"\"", .text("")), (#""a\"\\\/\b\f\n\r\tb""#, .text("a\"\\/\u{8}\u{C}\n\r\tb")),
            (#""\u00e9\uD83D\uDE00""#, .text("é😀")), ("\"é😀\"", .text("é😀")),
            (#""\ud83dx""#, .text("\u{FFFD}x")), (#""\ude00""#, .text("\u{FFFD}")),
            (#""\ud83d\u0041""#, .text("\u{FFFD}A")),
            ("[]", .list([])), ("[1, [2]]", .list([.integer(1), .list([.integer(2)])])),
            ("{}", .object(JSONObject())),
            (
                "{\"a\" : 1}",
                .object(JSONObject([JSONObject.Member(name: "a", value: .integer(1))]))
            ),
            ("\u{FEFF}1", .integer(1)),
        ]
    )
    func readable(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == value)
    }

    @Test(
        "refuses what it forbids",
        arguments: [
            "", " ", "nul", "truee", "01", "-", "1.", ".5", "1e", "+1", "1e999", "NaN", "Infinity",
            "\"", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "[", "[1", "[1,", "[1,]",
            "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
            "{1:2}", "{\"a\" 1}", "1 2", "[]]", "'a'", "\u{0}",
        ]
    )
    func unreadable(text: String) {
        #expect(throws: JSONError.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test("replaces broken UTF-8 instead of losing the record")
    func brokenText() throws {
        let bytes: [UInt8] = [0x22, 0x61, 0xFF, 0xC3, 0x28, 0x22]
        #expect(try JSONParser.parse(bytes) == .text("a\u{FFFD}\u{FFFD}("))
    }

    @Test("goes as deep as allowed and no deeper", arguments: ["[", "{\"a\":"])
    func depth(opening: String) throws {
        let closing = opening == "[" ? "]" : "}"
        func nested(_ levels: Int) -> [UInt8] {
            let inner = opening == "[" ? "" : "1"
            return Array(
                (String(repeating: opening, count: levels) + inner
                    + String(repeating: closing, count: levels)).utf8
            )
        }
        _ = try JSONParser.parse(nested(JSONParser.depthMax))
        let error = #expect(throws: JSONError.self) {
            try JSONParser.parse(nested(JSONParser.depthMax + 1))
        }
        #expect(error?.reason == .tooDeep)
        #expect(throws: JSONError.self) { try JSONParser.parse(nested(1_000_000)) }
    }

    @Test("the last of equal names counts")
    func doubleNames() throws {
        let value = try JSONParser.parse(Array("{\"a\":1,\"b\":2,\"a\":3}".utf8))
        #expect(value["a"] == .integer(3))
        #expect(value.json == "{\"a\":3,\"b\":2}")
    }

    @Test("what it writes it reads again", arguments: Seeds.first(300))
    func roundTrip(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let value = randomValue(depth: 0, &random)
        let text = value.json
        let again = try JSONParser.parse(Array(text.utf8))
        #expect(again.json == text, "\(Seeds.replay(seed, filter: "roundTrip"))")
    }

    private func randomValue(depth: Int, _ random: inout Seeded) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .integer(Int64.random(in: .min ... .max, using: &random))
        case 3: .number(Double.random(in: -1e9...1e9, using: &random) + 0.5)
        case 4, 5: .text(randomText(&random))
        case 6:
            .list(
                (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                    randomValue(depth: depth + 1, &random)
                }
            )
        default:
            .object(
                JSONObject(
                    (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                        JSONObject.Member(
                            name: randomText(&random),
                            value: randomValue(depth: depth + 1, &random)
                        )
                    }
                )
            )
        }
    }

    private func randomText(_ random: inout Seeded) -> String {
        let scalars: [Unicode.Scalar] = ["a", "é", "😀", "\"", "\\", "\n", "\u{1}", "/", " "]
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &random) {
            text.unicodeScalars.append(
                scalars[Int.random(in: 0..<scalars.count, using: &random)]
            )
        }
        return text
    }
}
