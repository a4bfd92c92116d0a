import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

private let columns = [
    "agent", "campaign", "outcome", "conversion", "duration", "turns", "rating", "cost",
]
private let orders = ["newest", "oldest"] + columns.flatMap { [$0, "-" + $0] }

@Suite("Orders of the API's list of calls")
struct CallSortTests {
    private static let count = 23

    /// Calls of few values, with ties, one in four without any.
    private static func fill(_ fixture: WebFixture) async throws {
        try await fixture.store.write { writer in
            for index in 0..<count {
                let isEmpty = index % 4 == 0
                let record = DashboardTests.record("conv_\(index)") { record in
                    record.startedUnix = WebFixture.nowUnix - 3_600 - Int64(index / 2)
                    record.durationSeconds = isEmpty ? nil : 100 + index % 3
                    record.messageCount = isEmpty ? nil : index % 5
                    record.rating = isEmpty ? nil : Double(index % 2) + 0.5
                    record.costCredits = isEmpty ? nil : Int64(index % 6)
                    record.agentName = isEmpty ? nil : ["Zoé .-_", "Ångström/", "beta+"][index % 3]
                    record.callSuccessful = isEmpty ? nil : ["success", "failure"][index % 2]
                }
                _ = try writer.record(record)
            }
        }
    }

    /// All pages of an address, by what its `next` says.
    private static func walked(
        _ client: some TestClientProtocol,
        _ address: String
    ) async throws -> [[String: Any]] {
        var found: [[String: Any]] = []
        var cursor = ""
        for _ in 0..<100 {
            let page = try await client.ask(.get, address + cursor).object()
            found += try #require(page["items"] as? [[String: Any]])
            guard let next = page["next"] as? String else { return found }
            cursor = "&cursor=\(next)"
        }
        Issue.record("The pages have no end.")
        return found
    }

    @Test("pages hold every call once, in one order", arguments: orders)
    func pages(order: String) async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            let address = "/api/v1/calls?sort=\(order)&limit="
            let whole = try await Self.walked(client, address + "200").map { $0["id"] as? Int }
            #expect(Set(whole).count == Self.count)
            for limit in [1, 4, 23] {
                let paged = try await Self.walked(client, address + "\(limit)")
                #expect(paged.map { $0["id"] as? Int } == whole, "\(limit)")
            }
        }
    }

    @Test(
        "figures stand from the largest, words from A, and what has none last",
        arguments: [
            ("duration", "durationSeconds"), ("turns", "messages"), ("rating", "rating"),
            ("cost", "costCredits"),
        ]
    )
    func figures(order: String, field: String) async throws {
        try await WebFixture.serve { fixture, client in
            try await Self.fill(fixture)
            for (sign, isRising) in [("", false), ("-", true)] {
                let address = "/api/v1/calls?sort=\(sign)\(order)&limit=7"
                let values = try await Self.walked(client, address).map { $0[field] as? Double }
                let known = values.compactMap(\.self)
                #expect(values.prefix(known.count).allSatisfy { $0 != nil })
                #expect(known.count == 17 && Set(known).count > 1)
                #expect(known == known.sorted(by: isRising ? (<) : (>)))
            }
            let names = try await Self.walked(client, "/api/v1/calls?sort=agent&limit=7")
                .compactMap { $0["agentName"] as? String }
            #expect(names.first == "beta+" && names.last == "Ångström/")
        }
    }

    @Test(
        "a cursor of another order, or of nobody, is refused",
        arguments: [
            "sort=duration&cursor=1.2", "sort=duration&cursor=1.2.cost.3.0",
            "sort=duration&cursor=1.2.-duration.3.0", "sort=duration&cursor=1.2.duration.nan",
            "sort=agent&cursor=1.2.agent.%FF", "sort=newest&cursor=1.2.duration.3.0",
            "sort=caller", "sort=-newest", "sort=time",
        ]
    )
    func refuses(query: String) async throws {
        try await WebFixture.serve { _, client in
            let answer = try await client.ask(.get, "/api/v1/calls?\(query)")
            #expect(answer.status == 400)
        }
    }

    @Test("the description names every order")
    func described() async throws {
        try await WebFixture.serve { _, client in
            let document = try await client.ask(.get, "/openapi.json").object()
            let paths = document["paths"] as? [String: [String: [String: Any]]]
            let parameters = paths?["/api/v1/calls"]?["get"]?["parameters"] as? [[String: Any]]
            let sort = parameters?.first { $0["name"] as? String == "sort" }
            let words = (sort?["schema"] as? [String: Any])?["enum"] as? [String]
            #expect(Set(words ?? []) == Set(orders))
        }
    }
}
