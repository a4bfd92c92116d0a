import TestSupport
import Testing

@Suite("Seeds of a run")
struct SeedsTests {
    @Test("are one to replay, or a range of others")
    func reads() {
        #expect(Seeds.seeds("7") == [7])
        #expect(Seeds.seeds("1001-1003") == [1001, 1002, 1003])
        #expect(Seeds.seeds("18446744073709551614-18446744073709551615")?.count == 2)
    }

    @Test(
        "are not guessed from anything else",
        arguments: ["", "-", "7-", "-7", "9-7", "1-2-3", "x", "1..3", "0-18446744073709551615"]
    )
    func refuses(text: String) {
        #expect(Seeds.seeds(text) == nil)
    }
}
