import Ambient
import CallStore
import Foundation
import GRDB
import JobQueue
import Testing

/// Rows go into the ledger by hundreds in one statement; each must still hold its own values.
@Suite("Rows of the ledger")
struct LedgerRowTests {
    @Test(
        "hold the values of their own job, however many and of however many deliveries they are",
        arguments: [1, 9, 64, 73, 512, 1201]
    )
    func values(count: Int) async throws {
        let fixture = try await StoreFixture()
        let now = Int64(fixture.time.ambient(seed: 2).now().timeIntervalSince1970 * 1000)
        let jobs = try (0..<count).map { try Self.job($0, now: now) }
        let receipt = try await fixture.store.commit(jobs)
        #expect(receipt.verdicts == jobs.map { _ in .applied })
        let rows = try fixture.sql { database in
            try Row.fetchAll(database, sql: "select * from ledger")
        }
        #expect(rows.count == count)
        let found = Dictionary(uniqueKeysWithValues: rows.map { ($0["job_id"] as String, $0) })
        for job in jobs {
            let (entry, row) = (job.entry, try #require(found[job.entry.id.text]))
            #expect(row["kind"] == entry.kind && row["worker"] == entry.worker.text)
            #expect(row["fence"] == entry.fence && row["attempt"] == entry.attempt)
            #expect(row["entity"] == entry.entity && row["ran_ms"] == entry.ranMilliseconds)
            #expect(row["enqueued_ms"] == entry.enqueuedMilliseconds)
            #expect(row["waited_ms"] == entry.readyMilliseconds.map { _ in Self.waited })
            #expect(row["finished_ms"] == now)
        }
    }

    private static let waited: Int64 = 40

    /// Jobs of three batches and two kinds, mixed as handlers end them; every third lacks what may
    /// be missing.
    private static func job(_ index: Int, now: Int64) throws -> LedgerJob {
        let isBare = index.isMultiple(of: 3)
        let ran = Int64(index % 7)
        return LedgerJob(
            entry: LedgerEntry(
                id: try JobID("job-\(index)"),
                kind: index.isMultiple(of: 5) ? "sync" : "export",
                worker: try WorkerID("w\(index % 2)"),
                fence: Int64(100 + index / 3 % 3),
                attempt: 1 + index % 2,
                entity: isBare ? nil : "conv_\(index)|ünïcode",
                enqueuedMilliseconds: isBare ? nil : now - 1000 - Int64(index),
                readyMilliseconds: isBare ? nil : now - waited - ran,
                ranMilliseconds: isBare ? nil : ran
            ),
            change: { _ in }
        )
    }
}
