import Ambient
import CallJobs
import CallStore
import ElevenLabs
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JobQueue
import Telemetry
import TestSupport
import WebAPI

/// The dashboard's overview as a browser gets it, from a store with any number of calls.
///
/// Through the server's own router: access, page, frame and template, without a socket.
struct PageBench {
    /// Pages in one run; their median counts.
    private static let looks = 41

    let stage: BenchStage

    /// The middle of the times that the page takes, in milliseconds.
    func milliseconds(_ store: CallStore) async throws -> Double {
        let live = stage.ambient
        // The days shown are those of the calls.
        let ambient = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(CallsFill.newestUnix)) },
            newID: live.newID,
            chance: live.chance
        )
        let queues = JobKind.allCases.map { InMemoryQueue(name: $0.queue, ambient: ambient) }
        let parts = WebParts(
            ambient: ambient,
            logger: stage.logger,
            store: store,
            relay: OutboxRelay(
                store: store,
                queues: queues,
                ambient: ambient,
                logger: stage.logger
            ),
            verifier: WebhookVerifier(secrets: []),
            queues: queues,
            budget: NoBudget(),
            access: .token("bench"),
            metrics: MetricsRegistry(),
            families: { [] },
            files: try WebFiles.load(folder: "web")
        )
        let application = Application(
            router: WebServer(parts).router(),
            logger: stage.logger
        )
        return try await application.test(.router) { client in
            var times: [Double] = []
            for _ in 0..<Self.looks {
                let start = live.elapsed()
                let page = try await client.execute(
                    uri: "/",
                    method: .get,
                    headers: [.authorization: "Bearer bench"]
                ) { (status: $0.status, bytes: $0.body.readableBytes) }
                times.append((live.elapsed() - start) / .milliseconds(1))
                guard page.status == .ok, page.bytes > Self.bytesMin else {
                    throw RawRedis.Failure(reason: "the overview is not shown")
                }
            }
            return times.sorted()[Self.looks / 2]
        }
    }

    /// The frame alone is smaller.
    private static let bytesMin = 30_000
}

/// A budget that nobody asks.
private struct NoBudget: UpstreamBudget {
    func acquire() async throws(QueueError) -> BudgetAnswer {
        throw .unavailable(reason: "nobody asks")
    }

    func release(_: BudgetPermit, _: BudgetFeedback) async throws(QueueError) -> Duration? { nil }

    func state() async throws(QueueError) -> BudgetState {
        throw .unavailable(reason: "nobody asks")
    }
}
