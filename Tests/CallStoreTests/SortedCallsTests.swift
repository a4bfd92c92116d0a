import CallStore
import Foundation
import Testing

@Suite("Calls in another order")
struct SortedCallsTests {
    /// Twelve calls of few values, one in three without any.
    private func filled() async throws -> (fixture: StoreFixture, calls: [CallID]) {
        let fixture = try await StoreFixture()
        var calls: [CallID] = []
        for index in 0..<12 {
            let recorded = try await fixture.record(
                CallRecord.phoneCall("c\(index)", at: 1_794_700_000 + Int64(index / 2)) { record in
                    let isEmpty = index % 3 == 0
                    record.durationSeconds = isEmpty ? nil : index % 4 * 10
                    record.rating = isEmpty ? nil : Double(index % 2)
                    record.costCredits = isEmpty ? nil : Int64(index % 5)
                    record.agentName = isEmpty ? nil : ["beta", "Alpha"][index % 2]
                    record.callSuccessful = isEmpty ? nil : ["success", "failure"][index % 2]
                }
            )
            calls.append(recorded.call)
        }
        return (fixture, calls)
    }

    private func walked(
        _ store: CallStore,
        _ sort: CallSort,
        isRising: Bool,
        limit: Int
    ) async throws -> [CallID] {
        var found: [CallID] = []
        var after: SortedCursor?
        for _ in 0..<20 {
            let page = try await store.calls(
                CallFilter(),
                by: sort,
                isRising: isRising,
                after: after,
                limit: limit
            )
            #expect(page.newest == nil)
            found += page.calls.map(\.id)
            guard let next = page.next else { return found }
            after = next
        }
        return found
    }

    @Test("pages hold every call once, in one order", arguments: CallSort.allCases)
    func pages(sort: CallSort) async throws {
        let (fixture, calls) = try await filled()
        for isRising in [true, false] {
            let whole = try await walked(fixture.store, sort, isRising: isRising, limit: 100)
            #expect(Set(whole) == Set(calls))
            for limit in [1, 5, 12] {
                let paged = try await walked(
                    fixture.store,
                    sort,
                    isRising: isRising,
                    limit: limit
                )
                #expect(paged == whole, "\(sort) \(isRising) \(limit)")
            }
        }
    }

    @Test("values stand in order, and calls without one at the end of either")
    func order() async throws {
        let (fixture, _) = try await filled()
        for isRising in [true, false] {
            let page = try await fixture.store.calls(
                CallFilter(),
                by: .duration,
                isRising: isRising,
                limit: 100
            )
            let seconds = page.calls.map(\.durationSeconds)
            let known = seconds.compactMap(\.self)
            #expect(known.count == 8)
            #expect(Array(seconds.prefix(8)) == known.map(Optional.some))
            #expect(known == (isRising ? known.sorted() : known.sorted(by: >)))
        }
        let names = try await fixture.store.calls(
            CallFilter(outcome: "failure"),
            by: .agent,
            isRising: true,
            limit: 100
        )
        #expect(!names.calls.isEmpty)
        #expect(names.calls.allSatisfy { $0.agentName == "Alpha" })
        #expect(names.calls.allSatisfy { $0.callSuccessful == "failure" })
    }

    @Test("a page goes on where the last one ended, whatever has become of its last call")
    func goesOn() async throws {
        let (fixture, _) = try await filled()
        let whole = try await walked(fixture.store, .duration, isRising: false, limit: 100)
        let first = try await fixture.store.calls(
            CallFilter(),
            by: .duration,
            isRising: false,
            limit: 5
        )
        let last = try #require(first.calls.last)
        var changed = CallRecord.phoneCall(last.conversationID, at: last.startedUnix)
        changed.durationSeconds = 9_999
        changed.fetchedAtMilliseconds += 1
        _ = try await fixture.record(changed)
        #expect(try await fixture.store.call(last.id)?.record.durationSeconds == 9_999)
        let rest = try await fixture.store.calls(
            CallFilter(),
            by: .duration,
            isRising: false,
            after: first.next,
            limit: 100
        )
        #expect(first.calls.map(\.id) + rest.calls.map(\.id) == whole)
    }

    @Test("of too many calls the newest are put in order, and it says so")
    func newest() async throws {
        let (fixture, calls) = try await filled()
        for most in [5, 11, 12, 13] {
            let page = try await fixture.store.calls(
                CallFilter(),
                by: .rating,
                isRising: true,
                limit: 100,
                of: most
            )
            #expect(Set(page.calls.map(\.id)) == Set(calls.suffix(most)))
            #expect(page.newest == (most < 12 ? most : nil))
        }
    }

    @Test("calls that the index of words names are all put in order")
    func searched() async throws {
        let (fixture, _) = try await filled()
        let old = try await fixture.record(
            CallRecord.phoneCall("old", at: 1_700_000_000) { $0.title = "About a zebra" }
        )
        let page = try await fixture.store.calls(
            CallFilter(search: "zebra"),
            by: .cost,
            isRising: false,
            limit: 100,
            of: 3
        )
        #expect(page.calls.map(\.id) == [old.call])
        #expect(page.newest == nil)
    }
}
