import JobQueue
import Synchronization
import TestSupport

extension InMemoryQueue {
    /// Every copy of a job that waits to be fetched.
    func waiting() async throws -> [Job] {
        var jobs: [Job] = []
        var cursor: JobCursor?
        repeat {
            let page = try await self.jobs(
                in: .ready,
                after: cursor,
                limit: QueueLimits.jobsPerCallMax
            )
            jobs += page.jobs.map(\.job)
            cursor = page.next
        } while cursor != nil
        return jobs
    }

    /// Lets the next enqueues fail before they reach the queue.
    func failEnqueues(_ count: Int) {
        let left = Mutex(count)
        setFaults { call in
            guard case .enqueue = call else { return .none }
            return left.withLock { left in
                guard left > 0 else { return .none }
                left -= 1
                return .failBefore(.unavailable(reason: "as the test wants it"))
            }
        }
    }

    /// Lets every enqueue fail before it reaches the queue, until `setFaults` says otherwise.
    func failEnqueues(with error: QueueError) {
        setFaults { call in
            if case .enqueue = call { .failBefore(error) } else { .none }
        }
    }

    /// Fetches one job and settles it as done.
    func finishOne() async throws {
        let worker = try WorkerID("test")
        func request(_ number: Int, _ settlement: Settlement?, limit: Int) -> TurnRequest {
            TurnRequest(
                worker: worker,
                number: number,
                settlement: settlement,
                limit: limit,
                isIdle: false
            )
        }
        guard let batch = try await turn(request(1, nil, limit: 1)).batch else { return }
        let slots = batch.jobs.map { Settlement.Slot(position: 0, id: $0.id, outcome: .done) }
        let settlement = Settlement(batch: batch.reference, slots: slots)
        _ = try await turn(request(2, settlement, limit: 0))
    }
}
