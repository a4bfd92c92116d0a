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
        var after: CallID?
        for _ in 0..<20 {
            let page = try await store.calls(
                CallFilter(),
                by: sort,
                isRising: isRising,
                after: after,
                limit: limit
            )
            #expect(!page.isCut)
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
}
