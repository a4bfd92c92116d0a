import Console
import Testing

@Suite("arguments of jobs")
struct ArgumentTextTests {
    @Test(
        "words become a JSON object",
        arguments: [
            ([], "{}"),
            (["window=recent"], #"{"window":"recent"}"#),
            (["to=2", "from=1"], #"{"from":1,"to":2}"#),
            (["on=true", "off=null"], #"{"off":null,"on":true}"#),
            (["x=1.5"], #"{"x":1.5}"#),
            (["zip=01234"], #"{"zip":"01234"}"#),
            (["phone=+49151"], #"{"phone":"+49151"}"#),
            (["n=\"12\""], #"{"n":"12"}"#),
            (["list=[1,2]"], #"{"list":[1,2]}"#),
            (["open=[1"], #"{"open":"[1"}"#),
            (["a=b=c"], #"{"a":"b=c"}"#),
            (["empty="], #"{"empty":""}"#),
            (["quote=say \"hi\""], #"{"quote":"say \"hi\""}"#),
            ([#"{"window":"recent"}"#], #"{"window":"recent"}"#),
        ] as [([String], String)]
    )
    func reads(words: [String], json: String) throws {
        #expect(String(decoding: try ArgumentText.payload(words), as: UTF8.self) == json)
    }

    @Test(
        "what is neither is refused",
        arguments: [["recent"], ["=1"], ["{broken"], ["a=1", "a=2"]]
    )
    func refuses(words: [String]) {
        #expect(throws: ArgumentTextError.self) { try ArgumentText.payload(words) }
    }
}
