import CallJobs
import CallStore
import JobQueue
import JobWorker
import TestSupport
import Testing

@Suite("Entities and error classes of jobs")
struct JobIndexingTests {
    private func entity(_ kind: JobKind, _ payload: [UInt8]) throws -> String? {
        JobEntity.of(try Job.first("j", kind: kind.rawValue, payload: payload))
    }

    @Test("arguments as they are written here have the entity that they are about")
    func written() throws {
        let identity = CallIdentity(conversationID: "conv_1")
        #expect(try entity(.sync, SyncArguments.conversation(identity).payload) == "conv_1")
        #expect(try entity(.sync, SyncArguments.inbox(InboxID(7)).payload) == "inbox_7")
        #expect(try entity(.sync, SyncArguments.recent.payload) == nil)
        let one = CallSelection.calls([CallID(12)])
        let two = CallSelection.calls([CallID(12), CallID(13)])
        #expect(try entity(.attribution, AttributionArguments(one).payload) == "call_12")
        #expect(try entity(.conversion, ConversionArguments(one).payload) == "call_12")
        #expect(try entity(.conversion, ConversionArguments(two).payload) == nil)
        #expect(try entity(.upkeep, UpkeepArguments(.retention).payload) == nil)
    }

    @Test(
        "what is not written like that has none",
        arguments: [
            "", "{}", #"{"conversation":}"#, #"{"conversation":""}"#, #"{"conversation":"a"#,
            #"{"conversation":"a\"b"}"#, #"{"inbox":"x"}"#, #"{"inbox":}"#,
            #"{"conversation":"\#(String(repeating: "x", count: 300))"}"#,
        ]
    )
    func malformed(_ payload: String) throws {
        #expect(try entity(.sync, Array(payload.utf8)) == nil)
    }

    @Test(
        "a failure has the class of who ended it, else of its words",
        arguments: [
            (JobNote.Cause.timeout, "no end within 300.0 seconds", JobErrorClass.timeout),
            (.stuck, "handler did not end when it was cancelled", .timeout),
            (.rejected, "SQLITE_CONSTRAINT: calls", .store),
            (.crash, "crashed worker", .crash),
            (.person, "cancelled by an operator", .cancelled),
            (.handler, "no answer of the upstream: timeout(seconds: 30)", .timeout),
            (.handler, "the upstream answered 503", .upstream),
            (.handler, "the upstream is busy", .busy),
            (.handler, "no permit was free", .busy),
            (.handler, "ElevenLabs refuses the API key (401)", .refused),
            (.handler, "The request was refused (422)", .refused),
            (.handler, "argument window: expected recent", .arguments),
            (.handler, "no room on the disk of the exports folder", .store),
            (.handler, "something else", .other),
        ]
    )
    func classes(cause: JobNote.Cause, reason: String, expected: JobErrorClass) {
        #expect(JobErrorClass(cause: cause, reason: reason) == expected)
    }
}
