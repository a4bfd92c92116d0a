import Ambient
import RedisQueue
import TestSupport

/// Enqueue and drain, against pushing and popping the same bytes with plain hiredis.
struct QueueBench {
    let stage: BenchStage
    let jobs: Int

    func rows(runs: Int) async throws -> [BenchRow] {
        var enqueues: [(ours: Double, limit: Double)] = []
        var drains: [(ours: Double, limit: Double)] = []
        // The first round only warms up.
        for run in 0...runs {
            let raw = try rawRates()
            let ours = try await ourRates(run)
            guard run > 0 else { continue }
            enqueues.append((ours.enqueue, raw.push))
            drains.append((ours.drain, raw.pop))
        }
        return [
            BenchRow("queue-enqueue", unit: "jobs/s", aim: .atLeast(0.35), runs: enqueues),
            BenchRow("queue-drain", unit: "jobs/s", aim: .atLeast(0.2), runs: drains),
        ]
    }

    /// Jobs per second of `LPUSH` and `LPOP` of 100.
    private func rawRates() throws -> (push: Double, pop: Double) {
        let redis = try RawRedis(socket: stage.server.socketPath)
        let key = Array("bench:raw".utf8)
        let bodies = Array(repeating: BenchStage.payload, count: BenchStage.batch)
        let push = RawCommand([Array("LPUSH".utf8), key] + bodies)
        let pop = RawCommand([Array("LPOP".utf8), key, Array(String(BenchStage.batch).utf8)])
        let rounds = jobs / BenchStage.batch
        let start = stage.ambient.elapsed()
        for _ in 0..<rounds { try redis.run(push) }
        let middle = stage.ambient.elapsed()
        var popped = 0
        for _ in 0..<rounds { popped += try redis.run(pop) }
        let end = stage.ambient.elapsed()
        guard popped == rounds * BenchStage.batch else {
            throw RawRedis.Failure(reason: "popped \(popped) of \(rounds * BenchStage.batch)")
        }
        return (
            Double(popped) / ((middle - start) / .seconds(1)),
            Double(popped) / ((end - middle) / .seconds(1))
        )
    }

    private func ourRates(_ run: Int) async throws -> (enqueue: Double, drain: Double) {
        var rates = (enqueue: 0.0, drain: 0.0)
        try await stage.withQueue { queue in
            let filling = try await stage.fill(queue, jobs: jobs, prefix: "run\(run)")
            let draining = try await stage.drain(
                queue,
                handler: IdleHandler(effect: ()),
                committer: CountingCommitter(NoLedger(), count: jobs, ambient: stage.ambient)
            )
            rates = (Double(jobs) / filling, Double(jobs) / draining)
        }
        return rates
    }
}
