import Foundation
package import Hosting

/// What a person asks of `ringback up`.
package struct UpOptions: Sendable, Equatable {
    package static let callsStandard = 600
    package static let seedStandard: UInt64 = 1
    package static let unfinishedStandard = 12

    /// Days of history that the simulator makes and the first backfill fetches.
    package static let days = 30

    package var calls: Int?
    package var seed: UInt64?
    package var unfinished: Int?
    package var liveSeconds: Int?
    package var allowsSimulator = true

    package init() {}

    /// The simulation for these options: the kept one, or a new one.
    ///
    /// - Parameters:
    ///   - kept: What the folder was filled with.
    ///   - folder: The folder, for the message.
    ///   - now: Unix seconds; the end of a new simulation's history.
    ///   - port: A free port.
    ///   - random: A new text that nobody can guess.
    /// - Returns: The simulation to run.
    /// - Throws: `StartFailure` when the options contradict what the folder was filled with.
    package func simulation(
        kept: UpState.Simulation?,
        folder: String,
        now: Int64,
        port: Int,
        random: () -> String
    ) throws(StartFailure) -> UpState.Simulation {
        guard let kept else {
            return UpState.Simulation(
                calls: calls ?? Self.callsStandard,
                seed: seed ?? Self.seedStandard,
                days: Self.days,
                unfinished: unfinished ?? Self.unfinishedStandard,
                liveSeconds: liveSeconds,
                anchor: now,
                port: port,
                apiKey: random(),
                webhookSecret: "wsec_" + random()
            )
        }
        let isOther =
            calls.map { $0 != kept.calls } ?? false || seed.map { $0 != kept.seed } ?? false
            || unfinished.map { $0 != kept.unfinished } ?? false
            || liveSeconds.map { kept.liveSeconds != nil && $0 != kept.liveSeconds } ?? false
        guard !isOther else {
            throw StartFailure(
                .wrongUse,
                "\(folder) holds the calls of another simulation (--calls \(kept.calls) --seed "
                    + "\(kept.seed)); leave the options out to go on with it, or start on another "
                    + "folder with RINGBACK_DB=other/ringback.sqlite"
            )
        }
        var simulation = kept
        simulation.liveSeconds = kept.liveSeconds ?? liveSeconds
        simulation.port = port
        return simulation
    }
}
