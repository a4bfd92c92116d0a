import Ambient
import Foundation
import TestSupport
import Testing

/// The dashboard of a running stack, in Debian's Chromium.
@Suite("pages in a browser", .serialized)
struct PagesTests {
    @Test("every page is free of faults in light and dark, wide and phone")
    func faultless() async throws {
        let stack = try await started(calls: 300)
        try await Self.run("check.py", "http://\(stack.address)")
        try await end(stack)
    }

    @Test("the overview follows arriving calls, and nothing on it moves")
    func live() async throws {
        let stack = try await started(calls: 300, options: ["--live", "2"])
        // More than a minute of calls, on two sizes at once.
        try await Self.run("live.py", "http://\(stack.address)", "20")
        try await end(stack)
    }

    @Test("a call is assigned and taken back with keys alone, and by mouse")
    func assigns() async throws {
        let stack = try await started(calls: 300)
        try await Self.run("assign.py", "http://\(stack.address)")
        try await end(stack)
    }

    @Test("settings are tried, saved, counted by and put back")
    func sets() async throws {
        let stack = try await started(calls: 120)
        try await Self.run("settings.py", "http://\(stack.address)")
        try await end(stack)
    }

    @Test("calls are sorted, opened, changed and exported; rules are written; campaigns are added")
    func listsCalls() async throws {
        let stack = try await started(calls: 120)
        try await Self.run("calls.py", "http://\(stack.address)")
        try await Self.run("rules.py", "http://\(stack.address)")
        try await Self.run("campaigns.py", "http://\(stack.address)")
        try await end(stack)
    }

    /// A stack whose first calls are there.
    private func started(calls: Int, options: [String] = []) async throws -> RunningStack {
        let stack = try await RunningStack.start(
            in: ScratchFolder(),
            calls: calls,
            options: options
        )
        let isReady = try await eventually(within: .seconds(120), every: .seconds(1)) {
            let status = try await stack.status()
            return status.calls.attributed > 0 && status.calls.conversions > 0
        }
        #expect(isReady, "\(stack.process.recentOutput)")
        return stack
    }

    private func end(_ stack: RunningStack) async throws {
        stack.process.signal(SIGINT)
        #expect(await stack.process.ended() == .exited(0))
    }

    /// Runs one of the scripts under Tests/Pages; what it prints is the faults that it found.
    private static func run(_ script: String, _ arguments: String...) async throws {
        let result = try await ChildProcess.run(
            ChildProcess.Command(
                [
                    "\(Executables.checkout)/.build/python/bin/python",
                    "\(Executables.checkout)/Tests/Pages/\(script)",
                ] + arguments
            )
        )
        #expect(result.ending == .exited(0), "\(result.output)")
    }
}
