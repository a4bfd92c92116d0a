package import Foundation

/// A program of the system that a test needs beside itself.
///
/// Foundation's `Process` reads the list of open files while it starts one, and crashes when other
/// tests open files meanwhile; this does not.
package enum OtherProgram {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - line: Its name and its arguments.
    ///   - folder: Where it runs; nil means the test's own folder.
    /// - Returns: What it wrote to its standard output.
    /// - Throws: `Failure` with what it complained of when it does not end with 0.
    @discardableResult
    package static func run(_ line: [String], in folder: String? = nil) async throws -> Data {
        let place = try ScratchFolders.make()
        defer { ScratchFolders.remove(place) }
        let (output, errors) = (place + "/output", place + "/errors")
        var command = ChildProcess.Command(
            [
                "/bin/sh", "-c",
                "output=$1; errors=$2; shift 2; exec \"$@\" >\"$output\" 2>\"$errors\"",
            ]
                + ["sh", output, errors] + line
        )
        command.folder = folder
        let ending = try await ChildProcess.launch(command).ended()
        let said = try Data(contentsOf: URL(fileURLWithPath: output))
        let complaint = try String(contentsOfFile: errors, encoding: .utf8)
        guard ending == .exited(0) else {
            throw Failure(
                description:
                    "\(line.first ?? ""): \(complaint); `make test` installs what is needed"
            )
        }
        return said
    }
}
