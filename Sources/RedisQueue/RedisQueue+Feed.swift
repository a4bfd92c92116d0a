package import JobQueue
import RedisClient

extension RedisQueue: FeedQueue {
    package func feed(_ step: FeedStep) async throws(QueueError) -> FeedAnswer {
        try step.check(payloadBytesMax: tuning.payloadBytesMax)
        var step = step
        step.jobs = step.jobs.map { $0.limited(to: usualLimit) }
        return try ScriptReply(try await repeatable(try calls.feed(step))).feedAnswer()
    }

    package func feedCursor(_ feed: FeedName) async throws(QueueError) -> FeedCursor? {
        let value: RedisValue
        do throws(RedisError) {
            value = try await commands.send(RedisCommand("GET", keys.feed(feed)))
        } catch {
            throw QueueError(error)
        }
        switch value {
        case .null: return nil
        case .bytes(let bytes): return try FeedCursor(text: String(decoding: bytes, as: UTF8.self))
        case .integer, .status, .array, .error:
            throw .protocolViolation(reason: "the cursor of a feed is no text")
        }
    }

    package func closeFeed(_ feed: FeedName) async throws(QueueError) {
        _ = try await repeatable(calls.closeFeed(feed))
    }
}

extension ScriptCalls {
    package func feed(_ step: FeedStep) throws(QueueError) -> ScriptCall {
        var arguments = [
            Self.text(step.seen.map { String($0) } ?? ""), Self.number(step.next),
        ]
        for job in step.jobs {
            let (list, envelope) = try Self.untimed(job)
            arguments += [Self.text(list), envelope]
        }
        return call(scripts.feed, [keys.feed(step.feed)], arguments)
    }

    package func closeFeed(_ feed: FeedName) -> ScriptCall {
        call(
            scripts.closeFeed,
            [keys.feed(feed)],
            [Self.number(QueueLimits.closedFeedAge.queueMilliseconds)]
        )
    }
}

extension ScriptReply {
    package func feedAnswer() throws(QueueError) -> FeedAnswer {
        switch try text(0) {
        case "fed":
            let slowDown = try integer(1)
            return slowDown > 0 ? .fedUnderPressure(slowDown: .milliseconds(slowDown)) : .fed
        case "refused":
            guard let lane = Lane(rawValue: try text(1)) else { throw Self.missing(1) }
            throw .overloaded(lane: lane, retryAfter: .milliseconds(try integer(2)))
        case "moved":
            let found = try text(1)
            return .moved(found.isEmpty ? nil : try FeedCursor(text: found))
        default: throw .protocolViolation(reason: "an unknown answer to a step of a feed")
        }
    }
}

extension FeedCursor {
    /// The cursor as its key holds it.
    fileprivate init(text: String) throws(QueueError) {
        if text == "closed" {
            self = .closed
        } else if let position = Int(text), position >= 0 {
            self = .at(position)
        } else {
            throw .protocolViolation(reason: "the cursor of a feed is no number")
        }
    }
}
