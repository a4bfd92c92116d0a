import Ambient
import CallStore
import Foundation
import JobQueue
import ServiceLifecycle
import Synchronization

/// Sees what changes in the store and the queues, and tells everybody who listens.
///
/// One look serves all: it reads one number of the store until that has changed, whoever changed
/// it, and each queue's figures.
final class LivePulse: Service, Sendable {
    /// How much there is of each queue.
    struct Depth: Sendable, Equatable, Encodable {
        var name: String
        var ready: Int
        var running: Int
        var later: Int
        var dead: Int
        var isPaused: Bool
        var workers: Int
    }

    struct Depths: Sendable, Equatable {
        var queues: [Depth] = []

        /// Until when the upstream is left alone, since it asked for that; nil when it is not.
        var quietUntilUnix: Int64?

        /// Since when Redis has not answered, Unix seconds; nil while it does.
        var downSinceUnix: Int64?
    }

    private struct State {
        var sequence: Int64?
        var depths = Depths()
        var clients: [Int: AsyncStream<LiveEvent>.Continuation] = [:]
        var nextClient = 0
        var isEnded = false
    }

    private let parts: WebParts
    private let state = Mutex(State())

    init(parts: WebParts) {
        self.parts = parts
    }

    var depths: Depths { state.withLock { $0.depths } }

    var clients: Int { state.withLock { $0.clients.count } }

    /// The events from now on; nil when there are listeners enough.
    func join() -> (id: Int, events: AsyncStream<LiveEvent>)? {
        let (events, continuation) = AsyncStream<LiveEvent>.makeStream(
            bufferingPolicy: .bufferingNewest(WebLimits.liveEventsMax)
        )
        return state.withLock { state in
            guard !state.isEnded, state.clients.count < WebLimits.liveClientsMax else { return nil }
            state.nextClient += 1
            state.clients[state.nextClient] = continuation
            continuation.yield(.hello(sequence: state.sequence ?? 0))
            continuation.yield(.queues(state.depths))
            return (state.nextClient, events)
        }
    }

    func leave(_ id: Int) {
        state.withLock { $0.clients.removeValue(forKey: id) }?.finish()
    }

    /// Looks until the server ends; then every listener's events end.
    func run() async {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.every(WebLimits.liveStorePause, self.lookAtStore) }
                group.addTask { await self.every(WebLimits.liveQueuePause, self.lookAtQueues) }
                group.addTask { await self.every(WebLimits.liveBeat) { self.tell(.beat) } }
            }
        }
        let clients = state.withLock { state in
            state.isEnded = true
            return state.clients.values.map(\.self)
        }
        for client in clients { client.finish() }
    }

    private func every(_ pause: Duration, _ look: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await look()
            do {
                try await parts.ambient.sleep(for: pause)
            } catch {
                // The server ends.
                return
            }
        }
    }

    private func tell(_ event: LiveEvent) {
        for client in state.withLock({ $0.clients.values.map(\.self) }) { client.yield(event) }
    }

    func lookAtStore() async {
        let known = state.withLock { $0.sequence }
        let store = parts.store
        let found = await within(parts.figureMax, parts.ambient) {
            try await store.changes(after: known, limit: WebLimits.liveCallsMax)
        }
        // A store that does not answer is seen at the next look.
        guard let found, found.sequence != known else { return }
        state.withLock { $0.sequence = found.sequence }
        if known != nil { tell(.calls(found)) }
    }

    func lookAtQueues() async {
        let found = await withTaskGroup(of: Depth?.self) { group in
            for queue in parts.queues {
                group.addTask { [parts] in
                    let figures = await within(parts.figureMax, parts.ambient) {
                        try await queue.figures()
                    }
                    return figures.map { Depth(queue.name, $0) }
                }
            }
            var found: [Depth] = []
            for await depth in group { if let depth { found.append(depth) } }
            return found.sorted { $0.name < $1.name }
        }
        let isDown = found.count < parts.queues.count
        let budget =
            isDown
            ? nil
            : await within(parts.figureMax, parts.ambient) { [parts] in
                try await parts.budget.state()
            }
        let now = parts.ambient.unixMilliseconds / 1_000
        let changed = state.withLock { state -> Depths? in
            let old = state.depths
            if isDown {
                // The last known state stays on show.
                state.depths.downSinceUnix = old.downSinceUnix ?? now
            } else {
                let quiet = budget?.quietUntilMilliseconds.map { $0 / 1_000 }
                state.depths = Depths(
                    queues: found,
                    quietUntilUnix: quiet.flatMap { $0 > now ? $0 : nil }
                )
            }
            return state.depths == old ? nil : state.depths
        }
        if let changed { tell(.queues(changed)) }
    }
}

extension LivePulse.Depth {
    init(_ name: QueueName, _ figures: QueueFigures) {
        self.init(
            name: name.text,
            ready: figures.ready.values.reduce(figures.suspects, +),
            running: figures.running,
            later: figures.later,
            dead: figures.dead,
            isPaused: figures.pause != nil,
            workers: figures.workers
        )
    }
}
