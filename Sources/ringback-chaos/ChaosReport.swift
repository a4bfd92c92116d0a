import ArgumentParser
import Foundation

/// What a run found: figures, and what should not be.
struct ChaosReport: Codable, Sendable {
    struct Figure: Codable, Sendable {
        let name: String
        let value: String
    }

    let run: String
    private(set) var figures: [Figure] = []
    private(set) var failures: [String] = []

    init(_ run: String) {
        self.run = run
    }

    mutating func add(_ name: String, _ value: some CustomStringConvertible) {
        figures.append(Figure(name: name, value: "\(value)"))
    }

    /// Adds a figure that must hold.
    mutating func demand(
        _ name: String,
        _ value: some CustomStringConvertible,
        _ holds: Bool
    ) {
        add(name, value)
        if !holds { failures.append("\(name): \(value)") }
    }

    /// Prints it; a run that failed ends the process with a code.
    func finish(asJSON: Bool) throws {
        if asJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(self), as: UTF8.self))
        } else {
            let width = figures.map(\.name.count).max() ?? 0
            print(run)
            for figure in figures {
                let gap = String(repeating: " ", count: width - figure.name.count)
                print("  \(figure.name)\(gap)  \(figure.value)")
            }
            print(failures.isEmpty ? "held" : "DID NOT HOLD: " + failures.joined(separator: "; "))
        }
        if !failures.isEmpty { throw ExitCode.failure }
    }
}

/// Options of every run.
struct ReportOptions: ParsableArguments, Sendable {
    @Flag(help: "Print JSON instead of text.")
    var json = false
}
