import Ambient
import Foundation
import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// The queue's two scripts on an idle queue through plain blocking hiredis: a producer that does nothing
/// but send, and a worker that does nothing but wait.
///
/// What is left of the latency when client, worker's loop and handlers cost nothing.
struct RawTurns {
    let stage: BenchStage
    let samples: Int
    let pause: Duration

    /// From the producer's send to the worker's reply with the job in it.
    func measure(_ run: Int) async throws -> PairedDelays {
        let name = try QueueName("bench-\(stage.ambient.newID().uuidString.lowercased())")
        let calls = ScriptCalls(keys: QueueKeys(queue: name), scripts: .shipped)
        let redis = try RawRedis(socket: stage.server.socketPath)
        for script in [calls.scripts.enqueue, calls.scripts.turn, calls.scripts.prepare] {
            try redis.run(RawCommand(["SCRIPT", "LOAD", script.source].map { Array($0.utf8) }))
        }
        try redis.run(Self.command(calls.prepare()))
        let ids = try (0..<samples).map { try JobID("raw\(run).\($0)") }
        let pops = StartWatch()
        var pairs = try PairedDelays(stage: stage, pause: pause)
        async let ended: Void = work(ids, calls, pops)
        for (index, id) in ids.enumerated() {
            let job = NewJob(id: id, kind: "bench", payload: BenchStage.payload)
            let call = try calls.enqueue([(EnqueueCallID("raw\(run).\(index)"), [job])])
            let push = Self.command(call)
            try await pairs.rest()
            let start = stage.ambient.elapsed()
            try redis.send(push)
            pairs.record(await pops.next() - start)
            try redis.receive()
        }
        try await ended
        return pairs
    }

    /// Waits for each job with a turn behind the bell, and settles it with another one.
    @concurrent
    private func work(_ ids: [JobID], _ calls: ScriptCalls, _ pops: StartWatch) async throws {
        var missing = ids.count
        // Nobody waits for ever for a job that failed; the failure itself is thrown.
        defer { for _ in 0..<missing { pops.note(.zero) } }
        let redis = try RawRedis(socket: stage.server.socketPath)
        let worker = try WorkerID("raw")
        let bell = RawCommand(["BLPOP", calls.keys.bell, "30"].map { Array($0.utf8) })
        for (index, id) in ids.enumerated() {
            let number = 2 * index
            let reference = Batch.Reference(
                id: BatchID(worker: worker, number: number),
                isSolo: false
            )
            try redis.send(bell)
            try redis.send(
                Self.command(calls.turn(Self.request(worker, number, settling: nil)))
            )
            try redis.receive()
            // The head of the reply has ten fields.
            guard try redis.receive() == 11 else {
                throw RawRedis.Failure(reason: "a turn brought no job")
            }
            pops.note(stage.ambient.elapsed())
            missing -= 1
            let done = Settlement(
                batch: reference,
                slots: [Settlement.Slot(position: 0, id: id, outcome: .done)]
            )
            try redis.run(
                Self.command(calls.turn(Self.request(worker, number + 1, settling: done)))
            )
        }
    }

    private static func request(
        _ worker: WorkerID,
        _ number: Int,
        settling settlement: Settlement?
    ) -> TurnRequest {
        TurnRequest(
            worker: worker,
            number: number,
            settlement: settlement,
            // One that settles fetches nothing: the job would not wait for the turn behind the bell.
            limit: settlement == nil ? 16 : 0,
            lowLimit: settlement == nil ? 12 : 0,
            isIdle: true
        )
    }

    private static func command(_ call: ScriptCall) -> RawCommand {
        let head = ["EVALSHA", call.script.digest, String(call.keys.count)] + call.keys
        return RawCommand(head.map { Array($0.utf8) } + call.arguments)
    }
}
