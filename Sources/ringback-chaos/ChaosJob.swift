import Ambient
import CallStore
import Foundation
import JobQueue
import JobWorker

/// The kinds of jobs in a run.
enum ChaosKind: String, CaseIterable, Sendable {
    /// Takes as many milliseconds as its arguments say, and has its effect.
    case work

    /// As `work`, but fails its first attempt.
    case flaky

    /// As `work`, and another job follows from it, through the outbox.
    case leading

    /// What follows from a `leading` one; its arguments name that.
    case following

    /// Says when it starts, and holds its slot for as long as its worker was told to.
    case hold

    /// Computes for as long as its worker was told to hold, and gives its thread to nobody.
    case spin

    /// Kills its process.
    case killer
}

/// Runs the jobs of a run.
///
/// Its effects are rows of a table without any constraint, in the transaction of the ledger: an
/// effect that happens twice is there twice. See `ChaosEffects`.
struct ChaosHandler: JobHandler {
    typealias Effect = StoreChange

    let hold: Duration

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<StoreChange> {
        let text = String(decoding: try job.arguments(), as: UTF8.self)
        switch ChaosKind(rawValue: job.kind) {
        case .killer:
            kill(getpid(), SIGKILL)
            // The signal is on its way.
            try await context.ambient.sleep(for: .seconds(60))
            return .retry(reason: "a killer lives")
        case .hold:
            Self.say("start \(job.id)")
            try await context.ambient.sleep(for: hold)
            return .done(effect(of: job.id.text, job))
        case .spin:
            let end = context.ambient.elapsed() + hold
            while context.ambient.elapsed() < end {}
            return .done(effect(of: job.id.text, job))
        case .following:
            return .done(effect(of: "following:\(text)", job))
        case .flaky where job.attempt == 1:
            try await work(text, context)
            return .retry(reason: "its first attempt fails")
        case .leading:
            try await work(text, context)
            let queue = try ChaosTerms.queueName()
            let own = effect(of: job.id.text, job)
            let id = job.id
            return .done { writer in
                try own(writer)
                try writer.addToOutbox(
                    OutboxJob(
                        queue: queue,
                        kind: ChaosKind.following.rawValue,
                        lane: .std,
                        payload: Array(id.text.utf8)
                    )
                )
            }
        case .work, .flaky, nil:
            try await work(text, context)
            return .done(effect(of: job.id.text, job))
        }
    }

    func policy(forKind kind: String) -> JobPolicy {
        JobPolicy(
            retry: RetryPolicy(attemptsMax: 50, base: .seconds(1), cap: .seconds(10)),
            timeout: .seconds(3600)
        )
    }

    private func work(_ text: String, _ context: JobContext) async throws {
        guard let milliseconds = Int(text), milliseconds > 0 else { return }
        try await context.ambient.sleep(for: .milliseconds(milliseconds))
    }

    /// One row of the watched table, with the crashes that the job was charged with.
    private func effect(of name: String, _ job: Job) -> StoreChange {
        let crashes = Int64(job.crashes)
        return { writer in
            try writer.note(.lastWebhook, atMilliseconds: crashes, in: name)
        }
    }

    /// One line on standard output, at once.
    static func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
}
