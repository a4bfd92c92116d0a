import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports

extension QueueCommand {
    struct Purge: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Remove jobs that do not run, for good.",
            discussion: """
                Without options, all jobs that wait in the lanes. Their results are never made;
                jobs that the pipeline needs come back from the outbox within a day.
                  ringback queue purge sync --lane low
                  ringback queue purge export --later --dead --yes
                """
        )

        @Argument(help: "The queue.")
        var name: JobKind

        @Option(help: "Jobs that wait in this lane: hi, std or low. May be given more than once.")
        var lane: [Lane] = []

        @Flag(help: "Jobs of lost workers that wait to run alone.")
        var suspect = false

        @Flag(help: "Parked jobs: delayed ones, and those that wait for another attempt.")
        var later = false

        @Flag(help: "Dead jobs.")
        var dead = false

        @OptionGroup var consent: ConsentOptions
        @OptionGroup var output: OutputOptions

        /// Where to purge: what was named, else the lanes.
        var places: Set<PurgePlace> {
            var places = Set(lane.map { PurgePlace($0) })
            if suspect { places.insert(.suspect) }
            if later { places.insert(.later) }
            if dead { places.insert(.dead) }
            return places.isEmpty ? [.hi, .std, .low] : places
        }

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                let queue = queues[name]
                let found = try await queue.figures().held(in: places)
                var purged = 0
                if !consent.dryRun, found > 0 {
                    try session.terminal.confirm(
                        "purge \(found) of \(name.rawValue) for good?",
                        isAgreed: consent.yes
                    )
                    purged = try await purge(queue, atMost: found)
                    await session.audit(
                        "queue.purge",
                        "queue:\(name.rawValue)",
                        after: [
                            "removed": .integer(Int64(purged)),
                            "places": .list(
                                PurgePlace.ordered(places).map { .text($0.rawValue) }
                            ),
                        ]
                    )
                }
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("queue", .text(name.rawValue)),
                            ("dryRun", .bool(consent.dryRun)),
                            ("found", .count(found)),
                            ("purged", .count(purged))
                        )
                    )
                } else {
                    session.terminal.line(
                        consent.dryRun ? "would purge \(found)" : "purged \(purged)"
                    )
                }
            }
        }

        /// Repeats the call until as many are gone as there were: what comes meanwhile may stay.
        private func purge(_ queue: any ManagedQueue, atMost found: Int) async throws -> Int {
            var purged = 0
            while purged < found {
                let report = try await queue.purge(places)
                purged += report.removed
                if report.removed == 0 || report.left == 0 { break }
            }
            return purged
        }
    }
}

extension QueueFigures {
    /// Jobs in these places.
    fileprivate func held(in places: Set<PurgePlace>) -> Int {
        places.reduce(0) { sum, place in
            switch place {
            case .hi, .std, .low: sum + (place.lane.flatMap { ready[$0] } ?? 0)
            case .suspect: sum + suspects
            case .later: sum + later
            case .dead: sum + dead
            }
        }
    }
}
