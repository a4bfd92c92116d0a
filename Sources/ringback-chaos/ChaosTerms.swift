import ArgumentParser
import JobQueue
import JobWorker
import RedisClient

/// What all processes of one run must agree on.
///
/// All times follow from the lease in the product's own proportions, so that a short run meets the
/// same situations as a long one. The lease of 30 s gives exactly the product's times.
struct ChaosTerms: ParsableArguments, Sendable {
    @Option(help: "Seconds of a lease; the product's is 30.")
    var lease = 30.0

    @Option(help: "Most jobs of one fetch.")
    var batch = QueueLimits.batchMax

    @Option(help: "Jobs that one worker runs at once.")
    var slots = 16

    static let queueText = "chaos"

    static func queueName() throws -> QueueName { try QueueName(queueText) }

    var tuning: QueueTuning {
        var tuning = QueueTuning()
        tuning.lease = .seconds(lease)
        tuning.grace = .seconds(max(1, lease / 3))
        tuning.suspectAgeMax = .seconds(lease / 15)
        return tuning
    }

    var workerLimits: WorkerLimits {
        var limits = WorkerLimits()
        limits.beatEvery = .seconds(lease / 6)
        limits.reapEvery = .seconds(lease / 15)
        limits.queueBackoffCap = .seconds(lease / 6)
        limits.commitBackoffCap = .seconds(lease / 3)
        limits.batchMax = batch
        return limits
    }

    var redisLimits: RedisLimits {
        var limits = RedisLimits()
        limits.commandTimeout = .seconds(lease / 6)
        limits.connectTimeout = .seconds(lease / 10)
        limits.connectPatience = .seconds(lease / 6)
        limits.backoffCap = .seconds(lease / 15)
        return limits
    }

    /// The same terms as a command line, for the processes of the run.
    var arguments: [String] {
        ["--lease", "\(lease)", "--batch", "\(batch)", "--slots", "\(slots)"]
    }

    func validate() throws {
        guard lease >= 1, lease <= 300 else {
            throw ValidationError("--lease must be 1 to 300 seconds.")
        }
        guard (1...QueueLimits.batchMax).contains(batch) else {
            throw ValidationError("--batch must be 1 to \(QueueLimits.batchMax).")
        }
        guard (1...1000).contains(slots) else {
            throw ValidationError("--slots must be 1 to 1000.")
        }
    }
}

/// Where the processes of a run find the queue and the store.
struct ChaosPlace: ParsableArguments, Sendable {
    @Option(help: "Address of Redis.")
    var url: String

    @Option(help: "The SQLite file.")
    var database: String

    var arguments: [String] { ["--url", url, "--database", database] }
}
