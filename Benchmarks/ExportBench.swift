import Ambient
import ArgumentParser
import CallJobs
import CallStore
import Console
import Export
import Foundation
import JobQueue
import JobWorker
import Logging

/// An export of a million calls to CSV by a process of its own, against the sqlite3 shell's -csv of
/// the same columns; and that process's peak of memory.
struct ExportBench {
    private static let calls = 1_000_000

    /// What the process may use at most.
    private static let megabytesMax = 100.0

    let stage: BenchStage

    func rows(runs: Int) async throws -> [BenchRow] {
        var seconds: [(ours: Double, limit: Double)] = []
        var memory: [(ours: Double, limit: Double)] = []
        _ = try await stage.inFolder { file in
            try await CallStore.open(path: file, ambient: stage.ambient).close()
            try await CallsFill.fill(file, calls: Self.calls)
            for run in 0...runs {
                let limit = try time(
                    "sqlite3",
                    ["-readonly", "-csv", "-header", file, Self.query],
                    to: file + ".csv"
                )
                let ours = try time(
                    CommandLine.arguments[0],
                    ["export-once", "--store", file, "--folder", file + "-exports"],
                    to: file + ".peak"
                )
                let text = try String(contentsOfFile: file + ".peak", encoding: .utf8)
                guard let peak = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                    throw RawRedis.Failure(reason: "the export said \(text)")
                }
                if run > 0 {
                    seconds.append((ours, limit))
                    memory.append((peak, Self.megabytesMax))
                }
            }
            return 0
        }
        return [
            BenchRow("export-calls-1m", unit: "s", aim: .atMost(1.2), runs: seconds),
            BenchRow("export-memory-1m", unit: "MB", aim: .atMost(1), runs: memory),
        ]
    }

    /// Seconds that a program takes from its start to its end, its output in a file.
    private func time(_ program: String, _ arguments: [String], to path: String) throws -> Double {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let output = FileHandle(forWritingAtPath: path)
        else {
            throw RawRedis.Failure(reason: "cannot write \(path)")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        let start = stage.ambient.elapsed()
        try process.run()
        process.waitUntilExit()
        let seconds = (stage.ambient.elapsed() - start) / .seconds(1)
        try output.close()
        guard process.terminationStatus == 0 else {
            throw RawRedis.Failure(reason: "\(program) failed")
        }
        return seconds
    }

    /// The columns of an export, the times as the shell can tell them.
    private static let query: String = {
        let columns = CallField.allCases.map { field in
            field == .startedUnix
                ? """
                strftime('%Y-%m-%dT%H:%M:%SZ', calls.started_unix, 'unixepoch'),
                strftime('%Y-%m-%dT%H:%M:%S+00:00', calls.started_unix, 'unixepoch'), 'UTC'
                """ : field.expression
        }
        return """
            select \(columns.joined(separator: ", ")) from calls \(CallField.joins)
            order by calls.started_unix, calls.id
            """
    }()
}

/// One export of a benchmark; prints its peak of memory in megabytes.
struct ExportOnceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-once",
        shouldDisplay: false
    )

    @Option(help: "The store's file.")
    var store: String

    @Option(help: "Where the file goes.")
    var folder: String

    func run() async throws {
        let ambient = Ambient.live()
        let open = try await CallStore.open(path: store, ambient: ambient)
        let handler = ExportHandler(store: open, settings: ExportSettings(folder: folder))
        let job = Job(
            id: try JobID("export-\(ambient.newID().uuidString.lowercased())"),
            kind: "export",
            lane: .std,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: ExportArguments(person: "bench").payload,
            unique: nil,
            uniqueHorizon: .zero,
            trace: nil
        )
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let result = try await handler.run(
            job,
            in: JobContext(ambient: ambient, logger: logger, fence: 1)
        )
        guard case .done = result else { throw RawRedis.Failure(reason: "\(result)") }
        try open.close()
        guard let memory = ProcessMemory(process: getpid()) else {
            throw RawRedis.Failure(reason: "the kernel tells no peak of memory")
        }
        print(Double(memory.mostBytes) / 1_048_576)
    }
}
