import Console
import Foundation
import PhoneNumbers
import Reports
import Testing

@Suite("tables and JSON")
struct OutputTests {
    @Test("a table's columns are as wide as their widest cell, without blanks at the end")
    func table() {
        var table = Table(.init("NAME"), .init("COUNT", .right), .init("NOTE"))
        table.add("sync", "5", "")
        table.add("attribution", "1200", "läuft")
        #expect(
            table.rendered() == """
                NAME         COUNT  NOTE
                sync             5
                attribution   1200  läuft

                """
        )
        #expect(Table(.init("X")).rendered(none: "Nothing.") == "Nothing.\n")
    }

    @Test("a cell can neither break its line nor move the cursor")
    func cells() {
        var table = Table(.init("X"))
        table.add("a\nb\u{1B}[2Jc\u{7F}")
        #expect(table.rendered() == "X\na b [2Jc\n")
    }

    @Test("JSON keeps the order of its fields and escapes what it must")
    func json() throws {
        let value = JSONValue.fields(
            ("b", .list([.count(1), .null, .bool(true)])),
            ("a", .text("x\"\\\n\u{1}é")),
            ("e", .list([])),
            ("o", .fields()),
            ("n", .number(0.5)),
            ("nan", .number(.nan))
        )
        #expect(
            value.rendered(indented: false)
                == #"{"b":[1,null,true],"a":"x\"\\\n\u0001é","e":[],"o":{},"n":0.5,"nan":null}"#
        )
        let object = try JSONSerialization.jsonObject(with: Data(value.rendered().utf8))
        #expect((object as? [String: Any])?["a"] as? String == "x\"\\\n\u{1}é")
    }

    @Test(
        "numbers are masked",
        arguments: [
            ("+4915112345678", "+49 151 ••••678"), ("+14155550123", "+1 415 ••••123"),
            ("+35312345678", "+353 12 ••••678"), ("+4912345678", "+49 12 ••••678"),
            ("alice@example.com", "a••••@example.com"),
            ("1234", "••••"), ("", ""),
        ]
    )
    func masks(number: String, masked: String) {
        #expect(PhoneMask.masked(number) == masked)
    }
}
