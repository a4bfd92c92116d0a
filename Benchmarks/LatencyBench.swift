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
/// Each measurement has its own round trips, taken by turns with it in short blocks: the machine is
/// not the same a few seconds later, and code that has rested is slower than code that never does.
struct LatencyBench {
    let stage: BenchStage
    let samples: Int

    /// The rest before a job, and before a round trip; longer than a worker needs to fall idle again.
    let pause: Duration

    func rows(runs: Int) async throws -> [BenchRow] {
        var medians: [(ours: Double, limit: Double)] = []
        var tails: [(ours: Double, limit: Double)] = []
        var handovers: [(ours: Double, limit: Double)] = []
        var scripts: [(ours: Double, limit: Double)] = []
        var pings: [(ours: Double, limit: Double)] = []
        for run in 0...runs {
            let handover = try await rawHandover()
            let bare = try await RawTurns(stage: stage, samples: samples, pause: pause).measure(run)
            let delays = try await ourDelays(run)
            guard run > 0 else { continue }
            handovers.append((handover.delays.microseconds(50), handover.roundTrip))
            scripts.append((bare.delays.microseconds(50), bare.roundTrip))
            medians.append((delays.delays.microseconds(50), delays.roundTrip))
            tails.append((delays.delays.microseconds(99), delays.roundTrip))
            pings.append((delays.roundTrips.microseconds(99), delays.roundTrip))
        }
        return [
            BenchRow("queue-latency-p50", unit: "us", aim: .atMost(4), runs: medians),
            BenchRow("queue-latency-p99", unit: "us", aim: .atMost(20), runs: tails),
            BenchRow("queue-latency-ping-p99", unit: "us", aim: nil, runs: pings),
            BenchRow("queue-latency-handover", unit: "us", aim: nil, runs: handovers),
            BenchRow("queue-latency-scripts", unit: "us", aim: nil, runs: scripts),
        ]
    }

    /// From a plain push to the end of a plain blocking pop in another thread.
    ///
    /// What a queue on a Redis list takes at the least: no script, no lease, no worker.
    private func rawHandover() async throws -> PairedDelays {
        let pops = StartWatch()
        let redis = try RawRedis(socket: stage.server.socketPath)
        let push = RawCommand(["LPUSH", Self.handoverKey, "1"].map { Array($0.utf8) })
        var pairs = try PairedDelays(stage: stage, pause: pause)
        async let popped: Void = pop(pops)
        for _ in 0..<samples {
            try await pairs.rest()
            let start = stage.ambient.elapsed()
            try redis.run(push)
            pairs.record(await pops.next() - start)
        }
        try await popped
        return pairs
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
            guard try redis.run(pop) == 2 else {
                throw RawRedis.Failure(reason: "a pop brought nothing")
            }
            pops.note(stage.ambient.elapsed())
            missing -= 1
        }
    }

    private func ourDelays(_ run: Int) async throws -> PairedDelays {
        var pairs = try PairedDelays(stage: stage, pause: pause)
        try await stage.withQueue { queue in
            let starts = StartWatch()
            let handler = StampingHandler(starts: starts, ambient: stage.ambient)
            async let drained = stage.drain(
                queue,
                handler: handler,
                committer: CountingCommitter(NoLedger(), count: samples, ambient: stage.ambient)
            )
            for index in 0..<samples {
                try await pairs.rest()
                let jobs = try stage.makeJobs(1, prefix: "latency\(run).\(index)")
                let call = try EnqueueCallID("latency\(run).\(index)")
                let start = stage.ambient.elapsed()
                _ = try await queue.enqueue(jobs, call: call)
                pairs.record(await starts.next() - start)
            }
            _ = try await drained
        }
        return pairs
    }
}

/// Delays, and round trips that were measured by turns with them.
///
/// A round trip is a `PING` with plain blocking hiredis, after the same pause as what is measured.
/// They come in blocks, so that either follows its like at that pause; the first of a block, which
/// does not, is left out.
struct PairedDelays {
    /// Measurements of one kind in a row, about a tenth of a second.
    private static let blockLength = 40

    private let ambient: Ambient
    private let pause: Duration
    private let redis: RawRedis
    private let ping = RawCommand([Array("PING".utf8)])
    private var rests = 0
    private(set) var roundTrips = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    private(set) var delays = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

    init(stage: BenchStage, pause: Duration) throws {
        ambient = stage.ambient
        self.pause = pause
        redis = try RawRedis(socket: stage.server.socketPath)
    }

    /// Makes the pause before what is measured, and measures round trips when it is their turn.
    mutating func rest() async throws {
        if rests.isMultiple(of: Self.blockLength) {
            for index in 0..<Self.blockLength {
                try await ambient.sleep(for: pause)
                let start = ambient.elapsed()
                try redis.run(ping)
                let roundTrip = ambient.elapsed() - start
                if index > 0 { roundTrips.record(Self.nanoseconds(roundTrip)) }
            }
        }
        rests += 1
        try await ambient.sleep(for: pause)
    }

    mutating func record(_ delay: Duration) {
        if rests % Self.blockLength != 1 { delays.record(Self.nanoseconds(delay)) }
    }

    /// Median microseconds of a round trip.
    var roundTrip: Double { roundTrips.microseconds(50) }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        UInt64(max(1, duration / .nanoseconds(1)))
    }
}

extension Histogram<UInt64> {
    /// A percentile of recorded nanoseconds.
    func microseconds(_ percentile: Double) -> Double {
        Double(valueAtPercentile(percentile)) / 1000
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
