import Foundation
import JobQueue
import RedisClient
import RedisQueue
import TestSupport

/// Takes the same steps in the model and, as commands, on Redis.
struct ModelWorlds {
    static let queue = "model"

    /// Small limits, so that a short sequence reaches them.
    static var tuning: QueueTuning {
        var tuning = QueueTuning()
        tuning.batchBytesMax = 500
        tuning.payloadBytesMax = 200
        tuning.deadMax = 6
        tuning.deadAge = .seconds(100_000)
        tuning.marks.depth = .init(soft: 10, hard: 16, last: 24)
        return tuning
    }

    /// The key that holds the time which the scripts of this test see: seconds, microseconds.
    static let clockKey = "clock"

    /// The shipped scripts with the test's clock in place of the server's.
    ///
    /// - Parameter mutate: Plants a defect; gets each script's name and text.
    /// - Returns: The scripts to run.
    static func scripts(
        mutate: (_ name: String, _ source: String) -> String = { _, source in source }
    ) -> QueueScripts {
        QueueScripts(tuning: tuning) { name, source in
            let parts = mutate(name, source)
                .components(separatedBy: "redis.call('TIME')")
            precondition(parts.count == 2, "A script asks for the time exactly once.")
            return parts.joined(separator: "redis.call('LRANGE', '\(clockKey)', 0, 1)")
        }
    }

    let calls: ScriptCalls
    let keys: QueueKeys
    var model = QueueModel(tuning: Self.tuning)
    var now: Int64 = 1_800_000_000_000

    init(scripts: QueueScripts) throws {
        keys = QueueKeys(queue: try QueueName(Self.queue))
        calls = ScriptCalls(keys: keys, scripts: scripts)
    }

    /// Sets the scripts' clock to the model's.
    var clockCommands: [RedisCommand] {
        [
            RedisCommand("DEL", Self.clockKey),
            RedisCommand("RPUSH", Self.clockKey, "\(now / 1000)", "\(now % 1000 * 1000)"),
        ]
    }

    /// The command that takes a step on Redis; none when only the clock moves.
    func command(_ step: ModelStep) throws -> RedisCommand? {
        switch step {
        case .enqueue(let calls): return Self.command(try self.calls.enqueue(calls))
        case .fire(let tick): return Self.command(try calls.fire(tick))
        case .pauseSchedule(let schedule):
            return Self.command(calls.pauseSchedule(schedule, by: "who", reason: "why"))
        case .resumeSchedule(let schedule): return Self.command(calls.resumeSchedule(schedule))
        case .feed(let step): return Self.command(try calls.feed(step))
        case .closeFeed(let feed): return Self.command(calls.closeFeed(feed))
        case .turn(let request): return Self.command(calls.turn(request))
        case .beat(let presence): return Self.command(calls.beat(presence))
        case .reap(let limit): return Self.command(calls.reap(limit: limit))
        case .forget(let ids): return Self.command(calls.forget(ids))
        case .leave(let worker): return Self.command(calls.leave(worker))
        case .ring: return Self.command(calls.ring())
        case .takeToken: return RedisCommand("LPOP", keys.bell)
        case .pause(let reason): return Self.command(calls.pause(by: "who", reason: reason))
        case .resume: return Self.command(calls.resume())
        case .cancel(let ids): return Self.command(calls.cancel(ids, by: "who"))
        case .retryDead(let ids): return Self.command(calls.retryDead(ids))
        case .discardDead(let ids): return Self.command(calls.discardDead(ids))
        case .runNow(let ids): return Self.command(calls.runNow(ids))
        case .purge(let places, let limit):
            return Self.command(calls.purge(places, limit: limit))
        case .setLimit(let key, let settings):
            return Self.command(calls.setLimit(key, settings))
        case .limits: return Self.command(calls.limits())
        case .setMark(let mark, let value): return Self.command(calls.marks([mark: value]))
        case .pushByHand(let bytes, let lane):
            return RedisCommand([Array("LPUSH".utf8), Array(keys.ready(lane).utf8), bytes])
        case .expireCall(let call): return RedisCommand("DEL", keys.call(call))
        case .expireUnique(let key): return RedisCommand("DEL", keys.unique(key))
        case .wait: return nil
        }
    }

    /// Takes a step in the model.
    mutating func take(_ step: ModelStep) -> ModelAnswer {
        switch step {
        case .enqueue(let calls):
            return .enqueued(model.enqueue(calls, now: now))
        case .fire(let tick): return .fired(model.fire(tick, now: now))
        case .pauseSchedule(let schedule):
            model.pauseSchedule(schedule, by: "who", reason: "why", now: now)
        case .resumeSchedule(let schedule): return .resumed(model.resumeSchedule(schedule))
        case .feed(let step): return .fed(model.feed(step, now: now))
        case .closeFeed(let feed): model.closeFeed(feed)
        case .turn(let request): return .turned(model.turn(request, now: now))
        case .beat(let presence): return .beaten(model.beat(presence, now: now))
        case .reap(let limit): return .reaped(model.reap(limit: limit, now: now))
        case .forget(let ids): model.forget(ids)
        case .leave(let worker): model.leave(worker)
        case .ring: model.ring()
        case .takeToken: return .token(model.takeToken())
        case .pause(let reason): model.pause(by: "who", reason: reason, now: now)
        case .resume: return .resumed(model.resume(now: now))
        case .cancel(let ids): return .count(model.cancel(ids, by: "who", now: now))
        case .retryDead(let ids): return .retried(model.retryDead(ids, now: now))
        case .discardDead(let ids): return .count(model.discardDead(ids))
        case .runNow(let ids): return .count(model.runNow(ids, now: now))
        case .purge(let places, let limit): return .purged(model.purge(places, limit: limit))
        case .setLimit(let key, let settings): model.setLimit(key, settings)
        case .limits: return .limits(model.limitFigures(now: now))
        case .setMark(let mark, let value): return .pressed(model.pressure(setting: [mark: value]))
        case .pushByHand(let bytes, let lane): model.pushByHand(bytes, lane: lane)
        case .expireCall(let call): model.forgetCall(call)
        case .expireUnique(let key): model.loseUnique(key)
        case .wait(let milliseconds): now = max(1_700_000_000_000, now + milliseconds)
        }
        return .nothing
    }

    /// What Redis answered to a step.
    static func answer(to step: ModelStep, _ value: RedisValue) throws -> ModelAnswer {
        switch step {
        case .enqueue(let calls):
            return .enqueued(try ScriptReply(value).replies(toCalls: calls.map(\.jobs.count)))
        case .fire:
            let reply = try ScriptReply(value)
            do throws(QueueError) {
                return .fired(.success(try reply.tickAnswer()))
            } catch {
                return .fired(.failure(error))
            }
        case .feed:
            let reply = try ScriptReply(value)
            do throws(QueueError) {
                return .fed(.success(try reply.feedAnswer()))
            } catch {
                return .fed(.failure(error))
            }
        case .setMark: return .pressed(try ScriptReply(value).pressure())
        case .turn(let request): return .turned(try ScriptReply(value).turnReply(to: request))
        case .beat(let presence): return .beaten(try ScriptReply(value).beatAnswer(to: presence))
        case .reap: return .reaped(try ScriptReply(value).reapReport())
        case .takeToken: return .token(value != .null)
        case .resume, .resumeSchedule: return .resumed(try ScriptReply(value).pauseState())
        case .cancel, .discardDead, .runNow:
            guard case .integer(let count) = value else {
                throw QueueError.protocolViolation(reason: "\(value)")
            }
            return .count(Int(count))
        case .retryDead: return .retried(try ScriptReply(value).deadRetryAnswers())
        case .limits: return .limits(try ScriptReply(value).limits())
        case .purge: return .purged(try ScriptReply(value).purgeReport())
        case .setLimit, .pauseSchedule, .forget, .leave, .closeFeed, .ring, .pause, .pushByHand,
            .expireCall, .expireUnique, .wait:
            if case .error(let error) = value { throw error }
            return .nothing
        }
    }

    static func command(_ call: ScriptCall) -> RedisCommand {
        let head = ["EVALSHA", call.script.digest, String(call.keys.count)] + call.keys
        return RedisCommand(head.map { Array($0.utf8) } + call.arguments)
    }
}
