import Ambient
import Logging
import NIOCore
import Synchronization

/// What happens on the event loop: the connection is made, written to, and lost.
extension RedisClient {
    /// Looks at the line: connects, writes what waits, sets the timer.
    func tick() {
        eventLoop.assertInEventLoop()
        enum Next {
            case connect(Int)
            case retry(Int, NIODeadline)
            case write(any Channel, Int)
            case nothing
        }
        let next: Next = line.withLock { line in
            line.isTickScheduled = false
            switch line.link {
            case .none where line.waiting.isEmpty || line.isShutDown:
                return .nothing
            case .none:
                line.generation += 1
                guard line.notBefore <= .now() else {
                    line.link = .backingOff
                    return .retry(line.generation, line.notBefore)
                }
                line.link = .connecting
                return .connect(line.generation)
            case .ready(let channel, _):
                return .write(channel, line.generation)
            case .connecting, .backingOff:
                return .nothing
            }
        }
        switch next {
        case .connect(let generation): connect(generation)
        case .retry(let generation, let time):
            eventLoop.scheduleTask(deadline: time) { self.retry(generation) }
        case .write(let channel, let generation): write(to: channel, generation)
        case .nothing: break
        }
        setTimer()
    }

    private func write(to channel: any Channel, _ generation: Int) {
        var hasWritten = false
        // A write may call back into the client, so the lock is not held over it.
        while channel.isWritable {
            let bytes = line.withLock { line in
                line.generation == generation ? line.departing(bytesMax: Self.writeBytes) : nil
            }
            guard let bytes else { break }
            channel.write(bytes, promise: nil)
            hasWritten = true
        }
        if hasWritten { channel.flush() }
    }

    private func setTimer() {
        let deadline: NIODeadline? = line.withLock { line in
            guard let due = line.due else { return nil }
            if let timer = line.timer, timer <= due { return nil }
            line.timer = due
            return due
        }
        guard let deadline else { return }
        eventLoop.scheduleTask(deadline: deadline) { self.timerFired(deadline) }
    }

    private func timerFired(_ deadline: NIODeadline) {
        var notices = RedisNotices()
        let channel: (any Channel)? = line.withLock { line in
            // An older timer than the one that counts now changes nothing.
            guard line.timer == deadline else { return nil }
            line.timer = nil
            let isSilent = line.expire(at: .now(), &notices)
            defer { line.updateDue() }
            guard isSilent else { return nil }
            line.generation += 1
            return line.disconnected(telling: .closed, &notices)
        }
        notices.send()
        channel?.close(promise: nil)
        tick()
    }

    private func retry(_ generation: Int) {
        line.withLock { line in
            guard line.generation == generation, case .backingOff = line.link else { return }
            line.link = .none
        }
        tick()
    }

    private func connect(_ generation: Int) {
        let deadline = NIODeadline.now() + TimeAmount(configuration.limits.connectTimeout)
        RedisBootstrap(client: self, tlsContext: tlsContext, generation: generation)
            .connect(deadline: deadline)
            .whenFailure { error in
                self.attemptFailed(generation, .cannotConnect(reason: Self.reason(error)))
            }
    }

    /// The greeting is over: commands may go out.
    func connected(_ channel: any Channel, _ generation: Int) {
        let wire = tlsContext == nil ? RedisWire(channel) : nil
        let isWanted = line.withLock { line in
            guard line.generation == generation, case .connecting = line.link else { return false }
            line.link = .ready(channel, wire)
            line.failures = 0
            return true
        }
        guard isWanted else { return channel.close(promise: nil) }
        logger.debug("connected to redis", metadata: ["address": "\(configuration)"])
        tick()
    }

    /// An attempt to connect has failed; only the first news of it counts.
    func attemptFailed(_ generation: Int, _ error: RedisError) {
        var notices = RedisNotices()
        let failures = line.withLock { line in
            guard line.generation == generation, case .connecting = line.link else {
                return nil as Int?
            }
            line.link = .none
            line.failures += 1
            line.notBefore = NIODeadline.now() + TimeAmount(backoff(failures: line.failures))
            if case .cannotConnect(let reason) = error {
                line.lastFailure = reason
                _ = line.expire(at: .now(), &notices)
            } else {
                // A refusal does not get better by asking again.
                line.lastFailure = "the server refused the login"
                line.refuseWaiting(error, &notices)
            }
            line.updateDue()
            return line.failures
        }
        notices.send()
        guard let failures else { return }
        logger.warning(
            "cannot connect to redis",
            metadata: [
                "address": "\(configuration)", "error": "\(error)", "failures": "\(failures)",
            ]
        )
        tick()
    }

    /// The connection is gone.
    func disconnected(_ generation: Int, _ error: RedisError) {
        var notices = RedisNotices()
        let isNews = line.withLock { line in
            guard line.generation == generation, case .ready = line.link else { return false }
            _ = line.disconnected(telling: error, &notices)
            return true
        }
        notices.send()
        guard isNews else { return }
        logger.debug("redis connection ended", metadata: ["address": "\(configuration)"])
        tick()
    }

    func received(_ replies: [RedisValue], _ generation: Int) {
        var notices = RedisNotices()
        let channel: (any Channel)? = line.withLock { line in
            guard line.generation == generation else { return nil }
            line.heard = .now()
            guard !line.arrived(replies, &notices) else { return nil }
            line.generation += 1
            return line.disconnected(telling: .closed, &notices)
        }
        executor.waking { notices.send() }
        guard let channel else { return }
        // A reply that nobody asked for: what follows could not be told apart.
        channel.close(promise: nil)
        tick()
    }

    /// The wait before the next attempt, after some failures in a row.
    private func backoff(failures: Int) -> Duration {
        let limits = configuration.limits
        // 20 doublings exceed any cap in use; more would overflow.
        let doublings = min(failures - 1, 20)
        return min(limits.backoffBase * (1 << doublings), limits.backoffCap)
            * (0.5 + ambient.chance() / 2)
    }

    static func reason(_ error: any Error) -> String {
        String(describing: error)
    }
}
