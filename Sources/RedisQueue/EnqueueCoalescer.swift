import JobQueue
import Synchronization

/// Sends what producers enqueue at the same time as one call.
///
/// The first ones are sent at once; what comes while as many as may be are on their way goes
/// together in the next one. So a lone producer waits for nobody, and a thousand cost a few scripts
/// instead of a thousand. Each keeps the id of its own call, so each may be repeated on its own.
final class EnqueueCoalescer: Sendable {
    typealias Call = (id: EnqueueCallID, jobs: [NewJob])
    typealias Answer = Result<EnqueueReply, QueueError>
    typealias Send = @Sendable ([Call]) async throws(QueueError) -> [Answer]

    /// What a producer that waited is told.
    private enum Word: Sendable {
        case answered(EnqueueReply)
        case failed(QueueError)

        init(_ answer: Answer) {
            switch answer {
            case .success(let reply): self = .answered(reply)
            case .failure(let error): self = .failed(error)
            }
        }

        /// It carries these calls out, its own first; somebody else's task must not be needed.
        case lead([UInt64])
    }

    private struct Pending {
        var id: UInt64
        var call: Call
        var continuation: CheckedContinuation<Word, Never>?
    }

    /// Most calls on their way: the server carries one out, one waits for it, one is encoded.
    private static let inFlightMax = 3

    private struct State {
        var inFlight = 0
        var nextID: UInt64 = 0
        var pending: [Pending] = []

        /// Calls that a leader carries out now.
        var carried: [UInt64: Pending] = [:]
    }

    private let state = Mutex(State())

    func enqueue(
        _ jobs: [NewJob],
        call: EnqueueCallID,
        send: Send
    ) async throws(QueueError) -> EnqueueReply {
        let id: UInt64? = state.withLock { state in
            guard state.inFlight >= Self.inFlightMax else {
                state.inFlight += 1
                return nil
            }
            state.nextID += 1
            return state.nextID
        }
        guard let id else {
            defer { passOn() }
            return try await send([(call, jobs)])[0].get()
        }
        switch await wait(Pending(id: id, call: (call, jobs))) {
        case .answered(let reply): return reply
        case .failed(.cancelled) where !Task.isCancelled:
            // The task that led was cancelled, not this one: the same call again, on its own.
            return try await send([(call, jobs)])[0].get()
        case .failed(let error): throw error
        case .lead(let ids): return try await lead(ids, own: id, send: send)
        }
    }

    private func wait(_ pending: Pending) async -> Word {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                var pending = pending
                pending.continuation = continuation
                let isLeader = state.withLock { state in
                    guard state.inFlight >= Self.inFlightMax else {
                        state.inFlight += 1
                        state.carried[pending.id] = pending
                        state.carried[pending.id]?.continuation = nil
                        return true
                    }
                    state.pending.append(pending)
                    return false
                }
                if isLeader {
                    continuation.resume(returning: .lead([pending.id]))
                } else if Task.isCancelled {
                    cancel(pending.id)
                }
            }
        } onCancel: {
            cancel(pending.id)
        }
    }

    /// A call that is on its way goes on; its producer hears at once that it was cancelled.
    private func cancel(_ id: UInt64) {
        let continuation: CheckedContinuation<Word, Never>? = state.withLock { state in
            if let index = state.pending.firstIndex(where: { $0.id == id }) {
                return state.pending.remove(at: index).continuation
            }
            defer { state.carried[id]?.continuation = nil }
            return state.carried[id]?.continuation
        }
        continuation?.resume(returning: .failed(.cancelled))
    }

    private func lead(
        _ ids: [UInt64],
        own: UInt64,
        send: Send
    ) async throws(QueueError) -> EnqueueReply {
        let calls = state.withLock { state in ids.compactMap { state.carried[$0]?.call } }
        let words: [Word]
        do throws(QueueError) {
            words = try await send(calls).map { Word($0) }
        } catch {
            words = ids.map { _ in .failed(error) }
        }
        var ownWord = Word.failed(.cancelled)
        for (id, word) in zip(ids, words) {
            let pending = state.withLock { $0.carried.removeValue(forKey: id) }
            pending?.continuation?.resume(returning: word)
            if id == own { ownWord = word }
        }
        passOn()
        switch ownWord {
        case .answered(let reply): return reply
        case .failed(let error): throw error
        case .lead: preconditionFailure("A leader's own call has an end.")
        }
    }

    /// Hands what has gathered to the first of those who wait, up to the limit of one call.
    private func passOn() {
        let next: (CheckedContinuation<Word, Never>, [UInt64])? = state.withLock { state in
            guard let first = state.pending.first, let leader = first.continuation else {
                state.inFlight -= 1
                return nil
            }
            var jobs = 0
            let group = state.pending.prefix { pending in
                jobs += pending.call.jobs.count
                return jobs <= QueueLimits.jobsPerCallMax || pending.id == first.id
            }
            state.pending.removeFirst(group.count)
            for pending in group { state.carried[pending.id] = pending }
            state.carried[first.id]?.continuation = nil
            return (leader, group.map(\.id))
        }
        next?.0.resume(returning: .lead(next?.1 ?? []))
    }
}
