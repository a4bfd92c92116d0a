import Ambient
import Foundation
import Histogram
import JobQueue
import JobWorker
import RedisClient
import RedisQueue
import Synchronization
import TestSupport

/// From enqueue to the start of the handler on an idle queue, in Redis round trips.
///
/// A round trip is a `PING` with plain blocking hiredis, its median in the same run, after the same
/// pause: a machine that has been idle for a moment is slower than one that never rests.
struct LatencyBench {
    /// The pause before a job: longer than a worker needs to fall idle again.
    private static let pause = Duration.milliseconds(2)

    let stage: BenchStage
    let samples: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var medians: [(ours: Double, limit: Double)] = []
        var tails: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let roundTrip = try await rawRoundTrip()
            let delays = try await ourDelays(run)
            guard run > 0 else { continue }
            medians.append((delays.median, roundTrip))
            tails.append((delays.tail, roundTrip))
        }
        return [
            BenchRow("queue-latency-p50", unit: "us", aim: .atMost(4), runs: medians),
            BenchRow("queue-latency-p99", unit: "us", aim: .atMost(20), runs: tails),
        ]
    }

    /// Median microseconds of a round trip.
    private func rawRoundTrip() async throws -> Double {
        let redis = try RawRedis(socket: stage.server.socketPath)
        let ping = RawCommand([Array("PING".utf8)])
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        for _ in 0..<samples {
            try await stage.ambient.sleep(for: Self.pause)
            let start = stage.ambient.elapsed()
            try redis.run(ping)
            histogram.record(Self.nanoseconds(stage.ambient.elapsed() - start))
        }
        return Double(histogram.valueAtPercentile(50)) / 1000
    }

    private func ourDelays(_ run: Int) async throws -> (median: Double, tail: Double) {
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        try await stage.withQueue { queue in
            let starts = StartWatch()
            let handler = StampingHandler(starts: starts, ambient: stage.ambient)
            async let drained = stage.drain(
                queue,
                handler: handler,
                committer: CountingCommitter(NoLedger(), count: samples, ambient: stage.ambient)
            )
            for index in 0..<samples {
                try await stage.ambient.sleep(for: Self.pause)
                let jobs = try stage.makeJobs(1, prefix: "latency\(run).\(index)")
                let call = try EnqueueCallID("latency\(run).\(index)")
                let start = stage.ambient.elapsed()
                _ = try await queue.enqueue(jobs, call: call)
                histogram.record(Self.nanoseconds(await starts.next() - start))
            }
            _ = try await drained
        }
        return (
            Double(histogram.valueAtPercentile(50)) / 1000,
            Double(histogram.valueAtPercentile(99)) / 1000
        )
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        UInt64(max(1, duration / .nanoseconds(1)))
    }
}

/// Hands the moments at which a handler started to whoever waits for them.
final class StartWatch: Sendable {
    private struct State {
        var times: [Duration] = []
        var waiter: CheckedContinuation<Duration, Never>?
    }

    private let state = Mutex(State())

    func note(_ time: Duration) {
        let waiter: CheckedContinuation<Duration, Never>? = state.withLock { state in
            guard let waiter = state.waiter else {
                state.times.append(time)
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: time)
    }

    func next() async -> Duration {
        await withCheckedContinuation { continuation in
            let time: Duration? = state.withLock { state in
                guard !state.times.isEmpty else {
                    state.waiter = continuation
                    return nil
                }
                return state.times.removeFirst()
            }
            if let time { continuation.resume(returning: time) }
        }
    }
}

/// Notes when it starts, and does nothing else.
struct StampingHandler: JobHandler {
    let starts: StartWatch
    let ambient: Ambient

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<Void> {
        starts.note(ambient.elapsed())
        return .done(())
    }

    func policy(forKind kind: String) -> JobPolicy { JobPolicy() }
}
