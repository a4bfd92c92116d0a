import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// Runs seeded sequences against one server and says where Redis and the model part.
struct ModelRun {
    static let stepsPerSequence = 200

    let client: RedisClient
    let scripts: QueueScripts

    /// Prepares the server, which the run has for itself.
    init(client: RedisClient, scripts: QueueScripts) async throws {
        self.client = client
        self.scripts = scripts
        for script in scripts.all + [ModelDump.script] {
            _ = try await client.send(RedisCommand("SCRIPT", "LOAD", script.source))
        }
    }

    private struct Taken {
        var step: ModelStep
        var answer: ModelAnswer
        var dump: ModelDump
        var replies: Int
    }

    /// One sequence.
    ///
    /// The model foretells every state, so a whole sequence goes out as one pipeline, with a dump
    /// of everything after each step, and is judged afterwards.
    ///
    /// - Returns: What went wrong at the first bad step; nil when nothing did.
    func sequence(seed: UInt64) async throws -> String? {
        var worlds = try ModelWorlds(scripts: scripts)
        var generator = try ModelGenerator(seed: seed)
        var commands = [RedisCommand("FLUSHALL", "SYNC")] + worlds.clockCommands
        let head = commands.count
        let dump = RedisCommand("EVALSHA", ModelDump.script.digest, "0")
        var taken: [Taken] = []
        for _ in 0..<Self.stepsPerSequence {
            let step = try generator.next(worlds.model, now: worlds.now)
            let answer = worlds.take(step)
            let own = try worlds.command(step).map { [$0] } ?? worlds.clockCommands
            commands += own + [dump]
            taken.append(
                Taken(
                    step: step,
                    answer: answer,
                    dump: ModelDump(worlds.model),
                    replies: own.count + 1
                )
            )
        }
        let replies = try await client.pipeline(commands)
        let problem = judge(taken, replies.dropFirst(head), hasCopies: generator.hasCopies)
        if let problem { return problem }
        return try await audit()
    }

    /// What the online audit says of the state that the sequence has left; nil when nothing.
    private func audit() async throws -> String? {
        let report = try await withRedisQueue(
            ModelWorlds.queue,
            on: client,
            tuning: ModelWorlds.tuning,
            scripts: scripts
        ) { try await $0.audit(mends: false) }
        guard report.violations.isEmpty, report.unchecked.isEmpty else {
            return "the audit found \(report.violations), unchecked \(report.unchecked)"
        }
        return nil
    }

    private func judge(
        _ taken: [Taken],
        _ replies: ArraySlice<RedisValue>,
        hasCopies: Bool
    ) -> String? {
        var invariants = ModelInvariants(hasCopies: hasCopies)
        var at = replies.startIndex
        for (index, entry) in taken.enumerated() {
            defer { at += entry.replies }
            if let problem = judge(entry, replies[at], replies[at + entry.replies - 1], &invariants)
            {
                return "step \(index), \(entry.step):\n\(problem)"
            }
        }
        return nil
    }

    private func judge(
        _ entry: Taken,
        _ reply: RedisValue,
        _ dumped: RedisValue,
        _ invariants: inout ModelInvariants
    ) -> String? {
        do {
            let answer = try ModelWorlds.answer(to: entry.step, reply)
            guard answer == entry.answer else {
                return "redis answered \(answer), the model \(entry.answer)"
            }
            let prefix = "ringback:{\(ModelWorlds.queue)}:"
            let dump = try ModelDump(dumped, prefix: prefix)
            let broken = invariants.check(dump, after: entry.step, answering: answer)
            invariants.remember(entry.step, answer)
            guard broken.isEmpty else { return broken.joined(separator: "\n") }
            return dump == entry.dump ? nil : dump.difference(from: entry.dump)
        } catch {
            return "unreadable: \(error), reply \(reply)"
        }
    }
}

extension QueueScripts {
    /// Those that the model-based test calls.
    var all: [RedisScript] {
        [
            enqueue, tick, turn, beat, reap, forget, ring, leave, pause, resume, cancel, retryDead,
            discardDead, runNow, purge, limits, limitSet, marks, feed, closeFeed, pauseSchedule,
            resumeSchedule,
        ]
    }
}
