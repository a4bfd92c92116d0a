import ArgumentParser
import CallJobs
import CallStore
import Hosting
import JobQueue
import Reports

extension QueueCommand {
    struct Marks: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "marks",
            abstract: "How full a queue is, and from when on producers slow down or are refused.",
            discussion: """
                Over a soft mark producers are asked to wait; over a hard one the low lane is
                refused, over a last one all but hi. Depths count waiting and parked jobs, memory
                is in percent of Redis's maxmemory.
                  ringback queue marks sync --soft-depth 50000 --hard-depth 100000
                  ringback queue marks sync --reset
                """
        )

        @Argument(help: "The queue.")
        var name: JobKind

        @Option(help: "Jobs from which on producers are asked to wait.")
        var softDepth: Int?

        @Option(help: "Jobs from which on the low lane is refused.")
        var hardDepth: Int?

        @Option(help: "Jobs from which on all lanes but hi are refused.")
        var lastDepth: Int?

        @Option(help: "Percent of memory from which on producers are asked to wait.")
        var softMemory: Int?

        @Option(help: "Percent of memory from which on the low lane is refused.")
        var hardMemory: Int?

        @Option(help: "Percent of memory from which on all lanes but hi are refused.")
        var lastMemory: Int?

        @Flag(help: "Take the program's own marks again.")
        var reset = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            let depths = [softDepth, hardDepth, lastDepth].compactMap(\.self)
            guard depths.allSatisfy({ $0 >= 1 }) else {
                throw ValidationError("A depth is a whole number from 1.")
            }
            let shares = [softMemory, hardMemory, lastMemory].compactMap(\.self)
            guard shares.allSatisfy({ (1...100).contains($0) }) else {
                throw ValidationError("A share of the memory is a whole number from 1 to 100.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withQueues { queues in
                let queue = queues[name]
                let changes = try await changes(of: queue)
                let state = try await queue.pressure(setting: changes)
                if !changes.isEmpty {
                    await session.audit(
                        "queue.marks",
                        "queue:\(name.rawValue)",
                        after: Dictionary(
                            uniqueKeysWithValues: changes.map { mark, value in
                                (mark.rawValue, value.map { .integer(Int64($0)) } ?? .null)
                            }
                        )
                    )
                }
                if output.json {
                    session.terminal.show(json(state))
                } else {
                    for line in lines(state) { session.terminal.line(line) }
                }
            }
        }

        /// What the options change; marks that would stand in a wrong order are refused.
        private func changes(of queue: any ManagedQueue) async throws -> [PressureMark: Int?] {
            var changes: [PressureMark: Int?] = [:]
            if reset { for mark in PressureMark.allCases { changes[mark] = .some(nil) } }
            let given: [(PressureMark, Int?)] = [
                (.softDepth, softDepth), (.hardDepth, hardDepth), (.lastDepth, lastDepth),
                (.softMemory, softMemory), (.hardMemory, hardMemory), (.lastMemory, lastMemory),
            ]
            for (mark, value) in given where value != nil { changes[mark] = .some(value) }
            guard !changes.isEmpty else { return [:] }
            let own = reset ? PressureMarks() : try await queue.pressure(setting: [:]).marks
            let depth = [
                softDepth ?? own.depth.soft, hardDepth ?? own.depth.hard,
                lastDepth ?? own.depth.last,
            ]
            let memory = [
                softMemory ?? own.memoryPercent.soft, hardMemory ?? own.memoryPercent.hard,
                lastMemory ?? own.memoryPercent.last,
            ]
            guard depth == depth.sorted(), memory == memory.sorted() else {
                throw StartFailure(
                    .wrongUse,
                    "a soft mark is not over a hard one, nor that over a last one"
                )
            }
            return changes
        }

        private func json(_ state: PressureState) -> JSONValue {
            .fields(
                ("queue", .text(name.rawValue)),
                ("depth", .count(state.depth)),
                ("memoryPercent", .count(state.memoryPercent)),
                ("level", .text("\(state.level)")),
                (
                    "slowDownMilliseconds",
                    state.slowDown.map { .integer($0.queueMilliseconds) } ?? .null
                ),
                ("softDepth", .count(state.marks.depth.soft)),
                ("hardDepth", .count(state.marks.depth.hard)),
                ("lastDepth", .count(state.marks.depth.last)),
                ("softMemory", .count(state.marks.memoryPercent.soft)),
                ("hardMemory", .count(state.marks.memoryPercent.hard)),
                ("lastMemory", .count(state.marks.memoryPercent.last))
            )
        }

        private func lines(_ state: PressureState) -> [String] {
            let effect =
                switch state.level {
                case .none: "takes everything"
                case .soft: "asks producers to slow down"
                case .hard: "refuses the low lane"
                case .last: "refuses all lanes but hi"
                }
            let depth = state.marks.depth
            let memory = state.marks.memoryPercent
            return [
                "\(name.rawValue) \(effect)",
                "depth \(state.depth) jobs; soft \(depth.soft), hard \(depth.hard), last \(depth.last)",
                "memory \(state.memoryPercent) %; soft \(memory.soft), hard \(memory.hard), "
                    + "last \(memory.last)",
            ]
        }
    }
}
