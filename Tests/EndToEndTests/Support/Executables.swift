import Foundation
import TestSupport

/// The product's executables, as they were built with these tests.
enum Executables {
    /// Where they are: beside the test runner, or where the environment says.
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["RINGBACK_TEST_BIN"] { return folder }
        let runner = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        return runner.deletingLastPathComponent().path
    }()

    static func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// The root of the checkout, for the shipped schedules and rules.
    static let checkout: String = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}

/// What a command line said and how it ended.
struct CommandResult: Sendable {
    let output: String
    let ending: ChildProcess.Ending

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

extension ChildProcess {
    /// Runs a program to its end.
    static func run(_ command: Command) async throws -> CommandResult {
        let process = try await launch(command)
        let ending = await process.ended()
        return CommandResult(output: process.recentOutput, ending: ending)
    }
}
