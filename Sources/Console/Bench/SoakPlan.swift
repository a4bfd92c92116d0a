import CallStore
import Foundation
package import JobQueue
import JobWorker

/// What a soak does.
package struct SoakPlan: Sendable, Equatable {
    /// During which jobs come in.
    package var time: Duration

    /// Jobs in a second.
    package var rate: Int

    /// Processes, and jobs at once in each.
    package var workers: Int
    package var slots: Int
    package var payloadBytes: Int

    package init(time: Duration, rate: Int, workers: Int, slots: Int, payloadBytes: Int) {
        self.time = time
        self.rate = rate
        self.workers = workers
        self.slots = slots
        self.payloadBytes = payloadBytes
    }

    package var jobs: Int { max(1, Int((time / .seconds(1) * Double(rate)).rounded())) }

    /// How many jobs are to have come in so long after the beginning.
    package func due(after elapsed: Duration) -> Int {
        min(jobs, Int(elapsed / .seconds(1) * Double(rate)) + 1)
    }

    /// The fewest jobs that wait until the producer holds back: what the workers cannot keep up
    /// with is to show as a lower rate, not as a full Redis.
    package static let backlogMax = 100_000
}

/// One job of a soak: it carries when it was made, and does nothing.
package enum SoakJob {
    /// The shortest arguments: the time and the JSON around it.
    package static let bytesMin = 64

    private static let begin = #"{"madeMicroseconds":"#

    package static func id(_ number: Int) throws(IdentifierError) -> JobID {
        try JobID("soak/\(number)")
    }

    /// The arguments of a job that was made so many microseconds after 1970 by this machine's clock.
    package static func payload(made: Int64, bytes: Int) -> [UInt8] {
        let head = Self.begin + "\(made)" + #","filler":""#
        let filler = String(repeating: "x", count: max(0, bytes - head.utf8.count - 2))
        return Array((head + filler + #""}"#).utf8)
    }

    /// When the job was made; nil for arguments that are not a soak's.
    package static func made(_ payload: [UInt8]) -> Int64? {
        let digits = payload.dropFirst(Self.begin.utf8.count).prefix { (0x30...0x39).contains($0) }
        guard payload.starts(with: Self.begin.utf8) else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}

/// Stamps when a job begins.
struct SoakHandler: JobHandler {
    let tally: SoakTally
    let now: @Sendable () -> Date

    func run(_ job: Job, in context: JobContext) async throws -> HandlerResult<StoreChange> {
        guard let made = SoakJob.made(job.payload) else {
            return .dead(reason: "the arguments are not a soak's")
        }
        tally.noteStart(after: Int64(now().timeIntervalSince1970 * 1_000_000) - made)
        return .done { _ in }
    }

    func policy(forKind kind: String) -> JobPolicy { JobPolicy() }
}
