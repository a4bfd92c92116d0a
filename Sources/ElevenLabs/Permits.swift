import Ambient
import JobQueue
import Logging

/// Takes permits of the shared budget around requests.
struct Permits: Sendable {
    private let budget: any UpstreamBudget
    private let ambient: Ambient
    private let logger: Logger

    init(budget: any UpstreamBudget, ambient: Ambient, logger: Logger) {
        self.budget = budget
        self.ambient = ambient
        self.logger = logger
    }

    /// Runs one request under a permit and tells the budget what it met.
    ///
    /// A permit that cannot be given back ends with its lease. A failure that finds the breaker
    /// open says so instead: the upstream is down for all, and the job cannot help it.
    func use<Value>(
        _ body: () async throws(ElevenLabsError) -> Value
    ) async throws(ElevenLabsError) -> Value {
        let permit = try await permit()
        do throws(ElevenLabsError) {
            let value = try await body()
            await release(permit, AnswerRules.feedback(on: .success(())))
            return value
        } catch {
            let feedback = AnswerRules.feedback(on: .failure(error))
            let rest = await release(permit, feedback)
            guard let rest, feedback != .succeeded, feedback != .unused else { throw error }
            throw .resting(retryAfter: max(rest, error.retryAfter ?? .zero))
        }
    }

    /// Waits for a permit, up to `ElevenLabsLimits.permitWaitMax` in all.
    private func permit() async throws(ElevenLabsError) -> BudgetPermit {
        var left = ElevenLabsLimits.permitWaitMax
        var openLeft = ElevenLabsLimits.openWaitMax
        while true {
            let answer: BudgetAnswer
            do throws(QueueError) {
                answer = try await budget.acquire()
            } catch {
                throw error == .cancelled ? .cancelled : .budget(error)
            }
            switch answer {
            case .granted(let permit):
                return permit
            case .open(let asked):
                guard asked <= openLeft, openLeft > .zero else {
                    throw .resting(retryAfter: asked)
                }
                let wait = max(asked, .milliseconds(1))
                try await sleep(for: wait)
                openLeft -= wait
            case .wait(let asked):
                guard asked <= left, left > .zero else { throw .busy(retryAfter: asked) }
                // A permit may come back earlier than the budget could know, and a wait of nothing
                // would be a busy loop.
                let wait = min(max(asked, .milliseconds(1)), ElevenLabsLimits.permitPause)
                try await sleep(for: wait)
                left -= wait
            }
        }
    }

    func sleep(for duration: Duration) async throws(ElevenLabsError) {
        do {
            try await ambient.sleep(for: duration)
        } catch {
            // A clock's sleep fails only when its task is cancelled.
            throw .cancelled
        }
    }

    @discardableResult
    private func release(
        _ permit: BudgetPermit,
        _ feedback: BudgetFeedback
    ) async -> Duration? {
        do throws(QueueError) {
            return try await budget.release(permit, feedback)
        } catch {
            // The request is over and its outcome stands.
            logger.debug("A permit ends with its lease.", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
