import CallStore
import GRDB
import PhoneNumbers
import Testing

@Suite("tags of calls")
struct TagTests {
    private static func tag(_ text: String) throws -> CallTag { try #require(CallTag(text)) }

    @Test(
        "are written in one form, whoever writes them",
        arguments: [
            ("follow-up", "follow-up"), ("  Follow up ", "follow-up"), ("VIP", "vip"),
            ("Rückruf", "rückruf"), ("ru\u{308}ckruf", "rückruf"), ("a.b_c:d/e", "a.b_c:d/e"),
            ("q4 2026", "q4-2026"), ("batch-123456", "batch-123456"),
        ]
    )
    func form(written: String, text: String) throws {
        #expect(try Self.tag(written).text == text)
    }

    @Test(
        "are refused where they are none, or hold a number of somebody",
        arguments: [
            "", "   ", "a,b", "=1+1", "<b>", "a\nb\u{0}", "\u{7}", "415-555-0100", "4155550100",
            "call.4155550100", "415_555_0100", "415:555:0100", "415---555---0100",
            "415/a/5550100", "\u{FF14}\u{FF11}\u{FF15}5550100", "\u{664}\u{661}\u{665}-555-01",
            String(repeating: "x", count: CallTag.lengthMax + 1),
        ]
    )
    func refusal(written: String) {
        #expect(CallTag(written) == nil)
    }

    @Test("are put on and taken off once, and the audit log has each")
    func tags() async throws {
        let fixture = try await StoreFixture()
        let (store, call) = (fixture.store, try await fixture.record(.sample()).call)
        let (vip, late) = (try Self.tag("vip"), try Self.tag("late"))
        let added = try await store.write { writer in
            try [vip, late, vip].map { try writer.tag(call, $0, by: "ana") }
        }
        #expect(added == [true, true, false])
        #expect(try await store.tags(of: call) == [late, vip])
        let shown = try await store.calls(CallFilter(), limit: 9).calls
        #expect(shown.map(\.tags) == [[late, vip]])
        #expect(shown.map(\.isExcluded) == [false])
        let removed = try await store.write { writer in
            try [vip, vip].map { try writer.untag(call, $0, by: "ben") }
        }
        #expect(removed == [true, false])
        #expect(try await store.tags(of: call) == [late])
        let notes = try await store.auditLog(action: "call", limit: 9).map(\.note)
        #expect(notes.map(\.action) == ["call.untag", "call.tag", "call.tag"])
        #expect(notes.map(\.actor) == ["ben", "ana", "ana"])
        // Which one it was goes with the call.
        #expect(notes.allSatisfy { $0.before == nil && $0.after == nil })
        #expect(notes.allSatisfy { $0.object == "call:\(call)" })
    }

    @Test("end at a limit, of a call that there is")
    func limits() async throws {
        let fixture = try await StoreFixture()
        let call = try await fixture.record(.sample()).call
        let tags = try (0...CallTag.perCallMax).map { try Self.tag("tag-\($0)") }
        try await fixture.store.write { writer in
            for tag in tags.dropLast() { try writer.tag(call, tag, by: "ana") }
            // One that excludes takes no place.
            try writer.tag(call, try Self.tag("spam"), by: "ana")
        }
        await #expect(throws: StoreError.self) {
            try await fixture.store.write { try $0.tag(call, tags[CallTag.perCallMax], by: "ana") }
        }
        #expect(try await fixture.store.tags(of: call).count == CallTag.perCallMax + 1)
        let nobody = CallID(99)
        for body: @Sendable (StoreWriter) throws -> Void in [
            { try $0.tag(nobody, tags[0], by: "ana") },
            { try $0.untag(nobody, tags[0], by: "ana") },
        ] {
            await #expect(throws: StoreError.notFound(what: "call 99")) {
                try await fixture.store.write(body)
            }
        }
    }

    @Test("test, internal and spam are exclusions, and nothing beside them")
    func excludes() async throws {
        let fixture = try await StoreFixture()
        let (store, call) = (fixture.store, try await fixture.record(.sample()).call)
        let (test, spam) = (try Self.tag("Test"), try Self.tag("spam"))
        let before = try await store.figureReport(FigureScope()).total
        #expect(before.excluded == 0)
        try await store.write { _ = try $0.tag(call, test, by: "ana") }
        #expect(try await store.exclusion(of: call)?.reason == .test)
        #expect(try await store.tags(of: call) == [test])
        #expect(try fixture.number("select count(*) from call_tags") == 0)
        let apart = try await store.figureReport(FigureScope()).total
        #expect(apart.excluded == 1 && apart.calls == before.calls - 1)
        // A call has one reason, and the one that stands is not replaced.
        await #expect(throws: StoreError.self) {
            try await store.write { _ = try $0.tag(call, spam, by: "ben") }
        }
        #expect(try await store.tags(of: call) == [test])
        #expect(try await store.write { try $0.untag(call, spam, by: "ana") } == false)
        #expect(try await store.write { try $0.untag(call, test, by: "ana") })
        #expect(try await store.exclusion(of: call) == nil)
        // Nor is one that is no tag, and its note.
        try await store.write { try $0.exclude(call, for: .other, by: "ana", note: "a drill") }
        await #expect(throws: StoreError.self) {
            try await store.write { _ = try $0.tag(call, test, by: "ben") }
        }
        let standing = try #require(try await store.exclusion(of: call))
        #expect(standing.reason == .other && standing.person == "ana")
        #expect(standing.note == "a drill")
        // One that was excluded otherwise has the tag, too; a reason that says nothing is none.
        try await store.write { try $0.exclude(call, for: .internal, by: "ana") }
        #expect(try await store.tags(of: call).map(\.text) == ["internal"])
        try await store.write { writer in
            try writer.exclude(call, for: .other, by: "ana")
            try writer.tag(call, try Self.tag("other"), by: "ana")
        }
        #expect(try await store.tags(of: call).map(\.text) == ["other"])
        #expect(try await store.exclusion(of: call)?.reason == .other)
        #expect(try await store.recount().isRight)
    }

    @Test("find their calls, and a choice of them knows each once")
    func filters() async throws {
        let fixture = try await StoreFixture()
        let store = fixture.store
        var calls: [CallID] = []
        for number in 0..<6 {
            calls.append(try await fixture.record(.sample("conv_\(number)")).call)
        }
        let (vip, late, test) = (try Self.tag("vip"), try Self.tag("late"), try Self.tag("test"))
        try await store.write { [calls] writer in
            for call in calls[1...3] { try writer.tag(call, vip, by: "ana") }
            try writer.tag(calls[3], late, by: "ana")
            try writer.tag(calls[4], test, by: "ana")
        }
        for (tag, expected) in [(vip, calls[1...3]), (late, calls[3...3]), (test, calls[4...4])] {
            let filter = CallFilter(tag: tag)
            #expect(try await Set(store.calls(filter, limit: 9).calls.map(\.id)) == Set(expected))
            #expect(try await store.count(filter) == expected.count)
            #expect(try await store.calls(calls, with: tag) == Set(expected))
        }
        #expect(try await store.tags().map(\.text) == ["internal", "late", "spam", "test", "vip"])
    }

    @Test("go with the words of a caller who is erased")
    func erased() async throws {
        let fixture = try await StoreFixture()
        let call = try await fixture.record(.sample()).call
        let caller = try #require(try await fixture.store.call(call)?.record.caller?.e164)
        try await fixture.store.write { writer in
            try writer.tag(call, try Self.tag("mr-smith"), by: "ana")
            try writer.tag(call, try Self.tag("test"), by: "ana")
        }
        let id = try await fixture.store.write {
            try $0.beginErasure(of: .number(caller), by: "ana").id
        }
        let erasure = try #require(try await fixture.store.erasure(id))
        try await fixture.store.write { _ = try $0.clearContent(of: erasure, limit: 9) }
        #expect(try fixture.number("select count(*) from call_tags") == 0)
        // What it is excluded for stays, or figures would change.
        #expect(try await fixture.store.tags(of: call).map(\.text) == ["test"])
    }
}
