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
    let stage: BenchStage
    let samples: Int

    /// The rest before a job; longer than a worker needs to fall idle again.
    let pause: Duration

    func rows(runs: Int) async throws -> [BenchRow] {
        var medians: [(ours: Double, limit: Double)] = []
        var tails: [(ours: Double, limit: Double)] = []
        var handovers: [(ours: Double, limit: Double)] = []
        var scripts: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let roundTrip = try await rawRoundTrip()
            let handover = try await rawHandover()
            let bare = try await RawTurns(stage: stage, samples: samples, pause: pause).median(run)
            let delays = try await ourDelays(run)
            guard run > 0 else { continue }
            handovers.append((handover, roundTrip))
            scripts.append((bare, roundTrip))
            medians.append((delays.median, roundTrip))
            tails.append((delays.tail, roundTrip))
        }
        return [
            BenchRow("queue-latency-p50", unit: "us", aim: .atMost(4), runs: medians),
            BenchRow("queue-latency-p99", unit: "us", aim: .atMost(20), runs: tails),
            BenchRow("queue-latency-handover", unit: "us", aim: nil, runs: handovers),
            BenchRow("queue-latency-scripts", unit: "us", aim: nil, runs: scripts),
        ]
    }

    /// Median microseconds of a round trip.
    private func rawRoundTrip() async throws -> Double {
        let redis = try RawRedis(socket: stage.server.socketPath)
        let ping = RawCommand([Array("PING".utf8)])
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        for _ in 0..<samples {
            try await stage.ambient.sleep(for: pause)
            let start = stage.ambient.elapsed()
            try redis.run(ping)
            histogram.record(Self.nanoseconds(stage.ambient.elapsed() - start))
        }
        return Double(histogram.valueAtPercentile(50)) / 1000
    }

    /// Median microseconds from a plain push to the end of a plain blocking pop in another thread.
    ///
    /// What a queue on a Redis list takes at the least: no script, no lease, no worker.
    private func rawHandover() async throws -> Double {
        let pops = StartWatch()
        let redis = try RawRedis(socket: stage.server.socketPath)
        let push = RawCommand(["LPUSH", Self.handoverKey, "1"].map { Array($0.utf8) })
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        async let popped: Void = pop(pops)
        for _ in 0..<samples {
            try await stage.ambient.sleep(for: pause)
            let start = stage.ambient.elapsed()
            try redis.run(push)
            histogram.record(Self.nanoseconds(await pops.next() - start))
        }
        try await popped
        return Double(histogram.valueAtPercentile(50)) / 1000
    }

    private static let handoverKey = "bench:handover"

    @concurrent
    private func pop(_ pops: StartWatch) async throws {
        var missing = samples
        // Nobody waits for ever for a pop that failed; the failure itself is thrown.
        defer { for _ in 0..<missing { pops.note(.zero) } }
        let redis = try RawRedis(socket: stage.server.socketPath)
        let pop = RawCommand(["BRPOP", Self.handoverKey, "30"].map { Array($0.utf8) })
        while missing > 0 {
            try redis.run(pop)
            pops.note(stage.ambient.elapsed())
            missing -= 1
        }
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
                try await stage.ambient.sleep(for: pause)
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

    static func nanoseconds(_ duration: Duration) -> UInt64 {
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
