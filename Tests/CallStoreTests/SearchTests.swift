import CallStore
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Finding calls by their words")
struct SearchTests {
    private static func call(
        _ id: String,
        _ turns: [String?],
        title: String? = nil,
        summary: String? = nil,
        fetched: Int64 = 1_794_700_000_000
    ) -> CallRecord {
        var record = CallRecord.sample(id, fetched: fetched)
        record.title = title
        record.summary = summary
        record.transcript = turns.enumerated().map { index, text in
            Turn(speaker: index % 2 == 0 ? .caller : .agent, message: text, secondsIn: index)
        }
        return record
    }

    private static func found(_ text: String, in store: CallStore) async throws -> Set<String> {
        var found: Set<String> = []
        var cursor: CallCursor?
        repeat {
            let page = try await store.calls(CallFilter(search: text), after: cursor, limit: 3)
            found.formUnion(page.calls.map(\.conversationID))
            cursor = page.next
        } while cursor != nil
        return found
    }

    @Test(
        "words stand anywhere in a call, phrases together, the last word may go on",
        arguments: [
            ("tulips", ["a"]), ("TULIPS", ["a"]), ("tulip", ["a"]), ("\"tulip\"", []),
            ("red tulips", ["a"]), ("tulips red", ["a"]), ("\"red tulips\"", ["a"]),
            ("\"tulips red\"", []), ("red thank", ["a"]), ("tulips roses", []),
            ("cafe", ["b"]), ("café", ["b"]), ("MÜNCHEN", ["b"]), ("munchen", ["b"]),
            ("order 4711", ["b"]), ("4711-22", ["b"]), ("4711-23", []), ("22", ["b"]),
            ("flowers ordered", ["a"]), ("asked for", ["b"]), ("conv_a", []), ("a", ["a", "b"]),
        ] as [(String, Set<String>)]
    )
    func words(text: String, expected: Set<String>) async throws {
        let fixture = try await StoreFixture()
        let first = Self.call(
            "a",
            ["I want red tulips", nil, "Thank you"],
            title: "Flowers ordered"
        )
        let second = Self.call(
            "b",
            ["The Café in München,", "order 4711-22?"],
            summary: "A customer asked for an order."
        )
        try await fixture.record(first)
        try await fixture.record(second)
        #expect(try await Self.found(text, in: fixture.store) == expected)
    }

    @Test(
        "no text is taken for a command of the index",
        arguments: [
            "\"", "\"\"", "\"tulips", "tulips\"", "AND", "tulips AND", "NOT tulips", "*", "tul*",
            "NEAR(tulips red)", "words:tulips", "^tulips", "tulips + red", "(tulips", "-tulips",
            "tulips\u{0}red", "tulips\u{7}", "', 1); drop table calls; --", "%", "_", "\\", "😀",
            "tulips;", "{tulips}", "rank", "a b c d e f g h i j k l m n o p", "\u{301}", "  ",
        ]
    )
    func hostile(text: String) async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(Self.call("a", ["I want red tulips"]))
        // Found or not, it is no error, and nothing is gone.
        _ = try await Self.found(text, in: fixture.store)
        #expect(try await Self.found("tulips", in: fixture.store) == ["a"])
    }

    @Test("an id or a number finds its call, whatever was said")
    func identities() async throws {
        let fixture = try await StoreFixture()
        try await fixture.record(Self.call("conv_1", ["nothing"]))
        try await fixture.record(Self.call("conv_2", ["call me back at conv_1"]))
        #expect(try await Self.found("conv_1", in: fixture.store) == ["conv_1", "conv_2"])
        #expect(try await Self.found("+14155550123", in: fixture.store) == ["conv_1", "conv_2"])
    }

    @Test(
        "after any changes the index finds what the texts hold, and nothing else",
        arguments: 1...5
    )
    func random(seed: Int) async throws {
        let fixture = try await StoreFixture()
        var random = Seeded(seed: UInt64(seed))
        var texts: [String: [Set<String>]] = [:]
        let words = (0..<8).map { "word\($0)x" }
        func some() -> String? {
            let count = Int.random(in: 0...3, using: &random)
            let text = (0..<count).map { _ in words.randomElement(using: &random) ?? "" }
            return count == 0 && Bool.random(using: &random) ? nil : text.joined(separator: " ")
        }
        for step in 0..<60 {
            let id = "conv_\(Int.random(in: 0..<10, using: &random))"
            if texts[id] != nil, Int.random(in: 0..<5, using: &random) == 0 {
                let call = try #require(
                    try await fixture.store.call(CallIdentity(conversationID: id))
                )
                try await fixture.store.write { try $0.expire(.transcripts, [call.id.number]) }
                texts[id] = [["gone"]]
                continue
            }
            // What was withheld stays so.
            if texts[id] == [["gone"]] { continue }
            let turns = (0..<Int.random(in: 0...4, using: &random)).map { _ in some() }
            let (title, summary) = (some(), some())
            try await fixture.record(
                Self.call(
                    id,
                    turns,
                    title: title,
                    summary: summary,
                    fetched: 1_794_700_000_000 + Int64(step)
                )
            )
            let record = try #require(
                try await fixture.store.call(CallIdentity(conversationID: id))
            )
            var all = record.transcript.map(\.message)
            all += [record.record.title, record.record.summary]
            texts[id] = all.compactMap(\.self).map { text in
                Set(text.split(separator: " ").map(String.init))
            }
        }
        for word in words {
            let expected = texts.filter { $0.value.contains { $0.contains(word) } }.keys
            #expect(try await Self.found(word, in: fixture.store) == Set(expected), "\(word)")
        }
        try fixture.sql { database in
            try database.execute(
                sql: "insert into call_texts (call_texts) values ('integrity-check')"
            )
        }
    }

    @Test("words that thousands of texts hold are asked of each call, a bounded number at a time")
    func common() async throws {
        let fixture = try await StoreFixture()
        let turns = 110
        for number in 0..<200 {
            let rare = number % 50 == 7 ? ["zanzibar"] : []
            try await fixture.record(
                Self.call("conv_\(number)", Array(repeating: "well yes", count: turns) + rare)
            )
        }
        let all = Set((0..<200).map { "conv_\($0)" })
        #expect(try await Self.found("yes", in: fixture.store) == all)
        #expect(try await Self.found("yes well", in: fixture.store) == all)
        #expect(try await Self.found("\"yes well\"", in: fixture.store) == [])
        let rare: Set = ["conv_7", "conv_57", "conv_107", "conv_157"]
        #expect(try await Self.found("yes zanzibar", in: fixture.store) == rare)
        #expect(try await fixture.store.count(CallFilter(search: "zanzibar yes")) == 4)
    }

    // MARK: What was there before

    @Test("a store of before is filled in steps, and found in all the while")
    func fills() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("store.sqlite")
        try MigrationTests.older(at: path) { database in
            for number in 10..<20 {
                try database.execute(
                    sql: """
                        insert into calls (
                            id, workspace, conversation_id, source, status, status_rank,
                            fetched_ms, has_detail, agent_id, started_unix, created_ms,
                            changed_ms, title
                        ) values (?1, 'default', 'old_' || ?1, 'detail', 'done', 3, 1, 1, 'a', ?1,
                            1, 1, 'heading' || ?1);
                        """,
                    arguments: [number]
                )
                try database.execute(
                    sql: """
                        insert into turns (
                            call_id, position, speaker, message, seconds_in, was_interrupted
                        ) values (?1, 0, 'caller', 'tulips number' || ?1, 1, 0),
                            (?1, 1, 'agent', null, 2, 0)
                        """,
                    arguments: [number]
                )
            }
        }
        let time = TestTime()
        let store = try await CallStore.open(
            path: path,
            ambient: time.ambient(seed: 1),
            phoneKey: StoreFixture.phoneKey()
        )
        let jobs = try await store.dueOutbox(limit: 9).map {
            String(decoding: $0.job.payload, as: UTF8.self)
        }
        #expect(jobs == ["{\"task\":\"courses\"}", "{\"task\":\"texts\"}"])
        let old = Set((10..<20).map { "old_\($0)" })
        func check(_ moment: String) async throws {
            #expect(try await Self.found("tulips", in: store) == old, "\(moment)")
            #expect(try await Self.found("number17", in: store) == ["old_17"], "\(moment)")
            #expect(try await Self.found("heading12", in: store) == ["old_12"], "\(moment)")
            #expect(try await Self.found("tulips heading12", in: store) == ["old_12"])
        }
        try await check("before")
        #expect(try await store.write { try $0.indexTexts(limit: 5) })
        try await check("halfway")
        // One that is in the index and one that is not lose their words; a new one comes.
        try await store.write { try $0.expire(.transcripts, [10, 19]) }
        try await store.write { _ = try $0.record(Self.call("new", ["red roses"])) }
        #expect(try await Self.found("tulips", in: store) == old.subtracting(["old_10", "old_19"]))
        #expect(try await Self.found("roses", in: store) == ["new"])
        var steps = 0
        while try await store.write({ try $0.indexTexts(limit: 5) }) { steps += 1 }
        #expect(steps == 1)
        #expect(try await Self.found("tulips", in: store) == old.subtracting(["old_10", "old_19"]))
        #expect(try await Self.found("number19", in: store) == [])
        #expect(try await Self.found("roses", in: store) == ["new"])
        #expect(try await !store.write { try $0.indexTexts(limit: 5) })
        try store.close()
    }

    // MARK: Common words

    /// Texts of calls that nobody has, so that words are common.
    private static func crowd(_ fixture: StoreFixture) throws {
        try fixture.sql { database in
            try database.execute(
                sql: """
                    insert into call_texts (rowid, words)
                    with recursive n (n) as (
                        values (1) union all select n + 1 from n where n < 20000
                    )
                    select (1000000 + n) * 1048576, 'common usual commodity' || (n % 1000) from n
                    """
            )
        }
    }

    @Test(
        "common words, rare ones and beginnings find the same calls together as alone",
        arguments: [
            ("common", [0, 1, 2, 3]), ("\"common\"", [0, 1, 2, 3]), ("usual", [0, 2, 4]),
            ("common usual", [0, 2]), ("usual common", [0, 2]), ("rare common", [0, 1, 3]),
            ("common rare", [0, 1, 3]), ("rare usual common", [0]), ("rare usually", [1]),
            ("commo", [0, 1, 2, 3, 5]), ("rare commo", [0, 1, 3, 5]), ("usual commo", [0, 2]),
            ("commonl", [5]), ("usuall common", []), ("nothing common", [3]), ("co", []),
            ("\"common usual\"", [2]), ("common conv_4", []), ("conv_4", [4]),
        ] as [(String, Set<Int>)]
    )
    func common(text: String, expected: Set<Int>) async throws {
        let fixture = try await StoreFixture()
        try Self.crowd(fixture)
        let texts = [
            ["common", "rare", "usual"], ["common", "usually rare"], ["a common usual one"],
            ["rare", "nothing", "common"], ["usual"], ["commonly rare"],
        ]
        for (index, turns) in texts.enumerated() {
            try await fixture.record(Self.call("conv_\(index)", turns))
        }
        let names = Set(expected.map { "conv_\($0)" })
        #expect(try await Self.found(text, in: fixture.store) == names)
        let filter = CallFilter(search: text)
        #expect(try await fixture.store.count(filter) == names.count)
        for sort in [CallSort.duration, .agent] {
            let page = try await fixture.store.calls(filter, by: sort, isRising: true, limit: 9)
            #expect(Set(page.calls.map(\.conversationID)) == names)
        }
    }

    @Test("the index says how far it is, and since when")
    func progress() async throws {
        let fixture = try await StoreFixture()
        for index in 0..<10 { try await fixture.record(Self.call("conv_\(index)", ["word"])) }
        let whole = try await fixture.store.textIndexProgress()
        #expect(whole.isComplete && whole.calls == 10 && whole.callsAll == 10)
        try fixture.sql { database in
            try database.execute(
                sql: """
                    insert into call_texts (call_texts) values ('delete-all');
                    update call_texts_state set filled_end = 8, moved_ms = 1;
                    """
            )
        }
        let none = try await fixture.store.textIndexProgress()
        #expect(!none.isComplete && none.calls == 2 && none.movedMilliseconds == 1)
        #expect(try await fixture.store.write { try $0.indexTexts(limit: 3) })
        let some = try await fixture.store.textIndexProgress()
        #expect(!some.isComplete && some.calls == 5 && some.callsAll == 10)
        #expect(some.movedMilliseconds > 1)
        while try await fixture.store.write({ try $0.indexTexts(limit: 3) }) {}
        #expect(try await fixture.store.textIndexProgress().isComplete)
    }

    // MARK: What is gone

    @Test("words that were removed for good are in no part of the index once it is merged")
    func forgets() async throws {
        let fixture = try await StoreFixture()
        for number in 0..<40 {
            try await fixture.record(
                Self.call("conv_\(number)", ["some words", number == 20 ? "qqzanzibar" : "more"])
            )
        }
        let secret = try #require(
            try await fixture.store.call(CallIdentity(conversationID: "conv_20"))
        )
        func terms() throws -> [String] {
            try fixture.sql { database in
                try database.execute(
                    sql: """
                        create virtual table if not exists temp.terms
                        using fts5vocab('main', 'call_texts', 'row')
                        """
                )
                return try String.fetchAll(
                    database,
                    sql: "select term from temp.terms where term like 'qq%'"
                )
            }
        }
        /// Whether the index's own pages hold the word, of which parts may be shared.
        func holds() throws -> Bool {
            try fixture.number(
                "select count(*) from call_texts_data where instr(block, cast('qzanzibar' as blob))"
            ) > 0
        }
        #expect(try terms() == ["qqzanzibar"])
        #expect(try holds())
        #expect(try await !fixture.store.write { try $0.mergeTexts() })
        try await fixture.store.write { try $0.expire(.transcripts, [secret.id.number]) }
        #expect(try await Self.found("qqzanzibar", in: fixture.store) == [])
        // It is found no more, and still there: this is why the merge is owed.
        #expect(try holds())
        var steps = 0
        while try await fixture.store.write({ try $0.mergeTexts() }) {
            steps += 1
            try #require(steps < 100)
        }
        #expect(steps > 0)
        #expect(try terms() == [])
        #expect(try !holds())
        #expect(try await Self.found("some words", in: fixture.store).count == 39)
        // Nothing more is owed, and nothing is done.
        #expect(try await !fixture.store.write { try $0.mergeTexts() })
    }
}
