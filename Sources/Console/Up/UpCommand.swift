import Ambient
import ArgumentParser
import Foundation
import Hosting
import Logging

/// `ringback up`.
struct UpCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run the whole stack on this machine; Ctrl-C ends it in order.",
        discussion: """
            Starts a private Redis unless REDIS_URL is set, a simulator unless ELEVENLABS_API_KEY
            is set, the scheduler, the server and the five workers, and starts again what dies.
            Everything is kept in the folder of RINGBACK_DB; the next start goes on from there.
            """
    )

    @Option(help: "Calls that a new simulator makes.")
    var calls: Int?

    @Option(help: "Decides all data of a new simulator.")
    var seed: UInt64?

    @Option(help: "Calls of a new simulator that are still under way at its start.")
    var unfinished: Int?

    @Option(help: "Seconds between two live calls of the simulator; none by default.")
    var live: Int?

    @Flag(help: "Never start a simulator.")
    var noSimulator = false

    func validate() throws {
        guard calls.map({ (1...1_000_000).contains($0) }) ?? true else {
            throw ValidationError("--calls takes 1 to 1000000.")
        }
        guard unfinished.map({ $0 >= 0 && $0 <= calls ?? UpOptions.callsStandard }) ?? true else {
            throw ValidationError("--unfinished takes 0 up to the number of calls.")
        }
        guard live.map({ (1...86_400).contains($0) }) ?? true else {
            throw ValidationError("--live takes 1 to 86400 seconds.")
        }
    }

    var options: UpOptions {
        var options = UpOptions()
        options.calls = calls
        options.seed = seed
        options.unfinished = unfinished
        options.liveSeconds = live
        options.allowsSimulator = !noSimulator
        return options
    }

    func run(in session: Session) async throws {
        try await Stack(host: session.host, terminal: session.terminal, options: options).run()
    }

    /// Runs with signals, and ends the process.
    func runAlone(ambient: Ambient) async -> Never {
        let options = options
        await Program.run("ringback", ambient: ambient, level: .warning) { host in
            try await Stack(host: host, terminal: .standard, options: options).run()
        }
    }
}
