import Foundation
import TestSupport
import Testing

/// Short forms of what `ringback-chaos` does at length: real processes, a real Redis with
/// `appendfsync always`, the real store.
///
/// Leases are shorter than the product's, and all other times in proportion.
@Suite("faults at large", .serialized)
struct StormTests {
    @Test(
        "kills, cuts, stops and floods lose nothing and double nothing",
        arguments: Seeds.first(1)
    )
    func storm(seed: UInt64) async throws {
        let result = try await Executables.run(
            "ringback-chaos",
            "storm",
            "--minutes",
            "0.6",
            "--pace",
            "0.8",
            "--jobs",
            "6000",
            "--lease",
            "2",
            "--seed",
            "\(seed)"
        )
        let report: Comment = "\(result.output) \(Seeds.replay(seed, filter: "StormTests"))"
        #expect(result.ending == .exited(0), report)
        // A storm in which something did not happen proves nothing about it.
        for name in ["workers killed", "Redis killed", "networks cut", "SCRIPT FLUSH"] {
            #expect((result.figure(name) ?? 0) > 0, "\(name): \(result.output)")
        }
        for name in ["replies that were lost", "deliveries taken back from silent workers"] {
            #expect((result.figure(name) ?? 0) > 0, "\(name): \(result.output)")
        }
        #expect(result.figure("jobs acknowledged") == 6000, report)
    }

    @Test(
        "a job that kills its process is found, and nobody else is charged",
        arguments: [100, 1],
        Seeds.first(1)
    )
    func killer(batch: Int, seed: UInt64) async throws {
        let result = try await Executables.run(
            "ringback-chaos",
            "killer",
            "--jobs",
            "10000",
            "--batch",
            "\(batch)",
            "--lease",
            "2",
            "--seed",
            "\(seed)"
        )
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.figure("innocent jobs charged with a crash") == 0, "\(result.output)")
    }

    @Test("Redis stopped for three leases, five times, and full for three: nobody is blamed")
    func outage() async throws {
        let result = try await Executables.run("ringback-chaos", "outage", "--lease", "2")
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.figure("taken back though its worker lived") == 0, "\(result.output)")
    }
}

extension StormTests {
    @Test("Redis's clock steps by an hour, forward and back: nobody is blamed")
    func clock() async throws {
        let result = try await Executables.run("ringback-chaos", "clock", "--lease", "2")
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.figure("taken back though its worker lived") == 0, "\(result.output)")
    }

    @Test("handlers that compute on every thread for longer than a lease lose nothing")
    func spin() async throws {
        let result = try await Executables.run("ringback-chaos", "spin", "--lease", "4")
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.figure("taken back though its worker lived") == 0, "\(result.output)")
    }
}

/// Everything that reads bytes from outside, for a few seconds of mutated inputs each.
@Suite("inputs from outside", .serialized)
struct FuzzTests {
    @Test(
        "no input crashes a reader or holds it up",
        arguments: [
            "envelope", "replies", "cron", "schedules", "rules", "webhook", "recipients",
        ]
    )
    func inputs(target: String) async throws {
        let seed = Seeds.first(1)[0]
        let result = try await Executables.run(
            "ringback-fuzz",
            "run",
            "--target",
            target,
            "--seconds",
            "2",
            "--seed",
            "\(seed)",
            "--corpus",
            "\(Executables.checkout)/Tests/Corpus"
        )
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.output.contains("inputs held"), "\(result.output)")
    }
}

extension Executables {
    /// Runs one of the tests' own programs to its end.
    static func run(_ name: String, _ arguments: String...) async throws -> CommandResult {
        try await ChildProcess.run(ChildProcess.Command([path(name)] + arguments))
    }
}

extension CommandResult {
    /// The number that a report gives for something.
    func figure(_ name: String) -> Int? {
        for line in lines where line.trimmingCharacters(in: .whitespaces).hasPrefix(name + " ") {
            return line.split(separator: " ").last.flatMap { Int($0) }
        }
        return nil
    }
}
