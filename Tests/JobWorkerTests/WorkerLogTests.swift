import Ambient
import Foundation
import JobQueue
import JobWorker
import Logging
import Telemetry
import TestSupport
import Testing
import Traces

/// What an operator reads of a worker: one line for one event.
@Suite("worker's log")
struct WorkerLogTests {
    private let lines = Record<String>()

    private var logger: Logger {
        let output = LogOutput(
            format: .text,
            mask: LogMask(),
            now: { Date(timeIntervalSince1970: 0) },
            write: { [lines] line in lines.append(line) }
        )
        return Logger(label: "worker") { label in
            var handler = MaskingLogHandler(label: label, level: .debug, output: output)
            handler.metadataProvider = TraceScope.metadataProvider
            return handler
        }
    }

    /// Lines with a text, without what all begin with.
    private func lines(with text: String) -> [String] {
        lines.all.filter { $0.contains(text) }
    }

    private func perform(
        _ simulation: Simulation,
        _ stage: Stage,
        play: @Sendable @escaping (Stage) async throws -> Void
    ) throws {
        var stage = stage
        stage.logger = logger
        let actors = stage
        try simulation.run(limit: .seconds(3600)) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await actors.process("w-1", life: nil) }
                group.addTask {
                    try await play(actors)
                    actors.shutdown.trip()
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("a pause and its end are told once each, and so is the end")
    func pause() throws {
        let simulation = Simulation(seed: 1)
        let stage = try Stage(simulation) { _, _ in .done("effect") }
        try perform(simulation, stage) { stage in
            await stage.sleep(.seconds(2))
            try await stage.queue.pause(by: "ana", reason: "test")
            await stage.sleep(.seconds(60))
            _ = try await stage.queue.resume(by: "ana")
            await stage.sleep(.seconds(60))
        }
        #expect(lines(with: "queue is paused").count == 1)
        #expect(lines(with: "queue is resumed").count == 1)
        #expect(lines(with: " notice worker: ends:").count == 1)
        #expect(lines(with: " warning ") + lines(with: " error ") == [])
    }

    @Test("every line of an attempt carries its trace, its job and its number")
    func traces() throws {
        let simulation = Simulation(seed: 2)
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let logger = logger
        let stage = try Stage(simulation) { job, _ in
            // As a client does that knows nothing of jobs.
            logger.info("asked upstream")
            return job.attempt == 1 ? .retry(reason: "busy") : .dead(reason: "no use")
        }
        try perform(simulation, stage) { stage in
            var job = NewJob(id: try JobID("j"), kind: "sync", payload: [])
            job.trace = trace
            _ = try await stage.queue.enqueue([job], call: try EnqueueCallID("c"))
            await stage.until { stage.queue.snapshot.counters.died == 1 }
        }
        for (text, count) in [
            ("asked upstream", 2), ("attempt ended", 2), ("attempt failed", 1), ("job is dead", 1),
        ] {
            let found = lines(with: text)
            #expect(found.count == count, "\(text): \(found)")
            for (index, line) in found.enumerated() {
                let attempt = text == "job is dead" ? 2 : index + 1
                #expect(line.contains("attempt=\(attempt) job=j "), "\(line)")
                #expect(line.contains("span_id=00f067aa0ba902b7"), "\(line)")
                #expect(line.contains("trace_id=4bf92f3577b34da6a3ce929d0e0e4736"), "\(line)")
            }
        }
    }
}
