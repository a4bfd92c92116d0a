import Hosting
import Testing

@Suite("what Redis tells of its files")
struct RedisFileTests {
    /// As Redis 7.0 answers, with some of the lines changed.
    private static func facts(_ changes: [String: String] = [:]) -> RedisFileFacts {
        let usual = [
            ("loading", "0"), ("rdb_changes_since_last_save", "0"), ("rdb_bgsave_in_progress", "0"),
            ("rdb_last_bgsave_status", "ok"), ("aof_enabled", "1"),
            ("aof_rewrite_in_progress", "0"), ("aof_rewrite_scheduled", "0"),
            ("aof_last_bgrewrite_status", "ok"), ("aof_last_write_status", "ok"),
        ]
        let lines = usual.map { name, value in "\(name):\(changes[name] ?? value)\r\n" }
        return RedisFileFacts(info: "# Persistence\r\n" + lines.joined())
    }

    @Test("a server at rest has written both")
    func atRest() {
        let facts = Self.facts()
        #expect(facts.hasAppendOnlyFile)
        #expect(!facts.isBusy)
        #expect(facts.written == [.appendOnly, .snapshot])
        #expect(!Self.facts(["aof_enabled": "0"]).hasAppendOnlyFile)
    }

    @Test(
        "one that is being written, or waits to be, is not over",
        arguments: [
            "aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress",
        ]
    )
    func busy(mark: String) {
        #expect(Self.facts([mark: "1"]).isBusy)
    }

    @Test("one whose child process failed is not written, and the other one is")
    func failed() {
        let rewrite = Self.facts(["aof_last_bgrewrite_status": "err"])
        #expect(!rewrite.isBusy)
        #expect(rewrite.written == [.snapshot])
        #expect(Self.facts(["rdb_last_bgsave_status": "err"]).written == [.appendOnly])
        // The writes of commands are another matter.
        #expect(Self.facts(["aof_last_write_status": "err"]) == Self.facts())
    }

    @Test("what Redis does not tell is not taken for written")
    func silent() {
        let facts = RedisFileFacts(info: "")
        #expect(!facts.hasAppendOnlyFile)
        #expect(!facts.isBusy)
        #expect(facts.written == [])
    }
}
