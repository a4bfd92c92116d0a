import Foundation
import Hosting
import JobQueue
import RedisClient
import RedisQueue

/// The worker processes of a soak.
final class SoakCrew: Sendable {
    private static let stopMax = Duration.seconds(60)

    let children: [(name: String, process: any RunningChild)]
    private let folder: String

    private init(children: [(name: String, process: any RunningChild)], folder: String) {
        self.children = children
        self.folder = folder
    }

    /// Starts the workers; they end with this process.
    static func start(
        _ plan: SoakPlan,
        queue: QueueName,
        store: String,
        folder: String
    ) async throws -> SoakCrew {
        let starter = SystemChildStarter(logsFolder: folder, supervisorFile: -1)
        let program = try Programs().path(of: "ringback")
        var children: [(name: String, process: any RunningChild)] = []
        for number in 1...plan.workers {
            let name = "worker-\(number)"
            let child = Child(
                name: name,
                executable: program,
                arguments: [
                    "bench", "soak-worker", "--queue", queue.text, "--store", store,
                    "--slots", "\(plan.slots)", "--count", "\(folder)/\(name).json",
                ],
                environment: ProcessInfo.processInfo.environment,
                stopMax: stopMax,
                deathSignal: SIGKILL
            )
            do throws(ChildStartError) {
                children.append((name, try await starter.start(child)))
            } catch {
                for child in children { child.process.signal(SIGKILL) }
                throw StartFailure(.failed, "a worker cannot be started: \(error)")
            }
        }
        return SoakCrew(children: children, folder: folder)
    }

    /// Workers that have ended by themselves.
    var deaths: Int {
        children.count { ProcessMemory(process: $0.process.processID) == nil }
    }

    /// Asks the workers to end, waits for it, and adds their counts.
    @discardableResult
    func end() async -> SoakCount {
        var count = SoakCount()
        for child in children { child.process.signal(SIGTERM) }
        for child in children {
            _ = await child.process.ended()
            do {
                let data = try Data(
                    contentsOf: URL(fileURLWithPath: "\(folder)/\(child.name).json")
                )
                count.add(try JSONDecoder().decode(SoakCount.self, from: data))
            } catch {
                // It died and has told nothing; the report counts its death.
                continue
            }
        }
        return count
    }
}

/// Memory of the processes and of Redis, as it goes on.
struct SoakWatch {
    private let crew: SoakCrew
    private let client: RedisClient
    private(set) var processes: [SoakReport.Memory] = []
    private(set) var redis = SoakReport.Memory(name: "redis", first: 0, last: 0, most: 0)
    private var looks = 0

    init(crew: SoakCrew, client: RedisClient) {
        self.crew = crew
        self.client = client
        let own = [SoakReport.Memory(name: "producer", first: 0, last: 0, most: 0)]
        processes =
            own + crew.children.map { SoakReport.Memory(name: $0.name, first: 0, last: 0, most: 0) }
    }

    /// Looks once; the second look is the first that counts as the beginning, since the processes
    /// are only starting at the first.
    mutating func look() async throws {
        looks += 1
        let identities = [getpid()] + crew.children.map(\.process.processID)
        for (index, identity) in identities.enumerated() {
            guard let memory = ProcessMemory(process: identity) else { continue }
            note(memory.residentBytes, most: memory.mostBytes, in: &processes[index])
        }
        let used = try await RedisServerFacts.read(from: client).usedMemoryBytes
        note(used, most: used, in: &redis)
    }

    private func note(_ bytes: Int, most: Int, in memory: inout SoakReport.Memory) {
        if looks <= 2 { memory.first = bytes }
        memory.last = bytes
        memory.most = max(memory.most, most)
    }
}
