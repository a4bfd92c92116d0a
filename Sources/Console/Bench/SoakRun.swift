import Ambient
import CallStore
import Foundation
import Hosting
import JobQueue
import RedisClient
import RedisQueue

/// One soak: starts the workers, makes the jobs, waits for the last, counts, and cleans up.
struct SoakRun {
    /// Jobs of one call, and the time between two looks at what is due.
    private static let callMax = 100
    private static let step = Duration.milliseconds(20)

    /// How long the workers have for what is left when no more jobs come in: three leases, so that
    /// what a dead worker held comes back in time.
    private static let drainMax = Duration.seconds(120)

    /// Time between two looks at memory and depth.
    private static let lookEvery = Duration.seconds(5)

    let plan: SoakPlan
    let session: Session
    let isQuiet: Bool

    func report() async throws -> SoakReport {
        let ambient = session.ambient
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("ringback-soak-\(ambient.newID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let result: Result<SoakReport, any Error>
        do {
            result = .success(try await report(in: folder))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(atPath: folder)
        return try result.get()
    }

    private func report(in folder: String) async throws -> SoakReport {
        let host = session.host
        let access = try RedisAccess(host.settings)
        let client = try access.client("soak", for: host)
        let result: Result<SoakReport, any Error>
        do {
            try await access.wait(for: client, host: host, patience: RedisAccess.commandPatience)
            let name = "soak-\(host.ambient.newID().uuidString.lowercased().prefix(8))"
            let queue = try RedisQueue(
                try QueueName(name),
                commands: client,
                ambient: host.ambient,
                logger: host.logger
            )
            try await queue.prepare()
            do {
                result = .success(try await report(on: queue, client, folder))
            } catch {
                result = .failure(error)
            }
            try await remove(queue, client)
            await queue.close()
        } catch {
            await client.close()
            throw error
        }
        await client.close()
        return try result.get()
    }

    private func report(
        on queue: RedisQueue,
        _ client: RedisClient,
        _ folder: String
    ) async throws -> SoakReport {
        let path = folder + "/soak.sqlite"
        let store = try await CallStore.open(path: path, ambient: session.ambient)
        let crew = try await SoakCrew.start(plan, queue: queue.name, store: path, folder: folder)
        var watch = SoakWatch(crew: crew, client: client)
        let result: Result<SoakReport, any Error>
        do {
            try await watch.look()
            result = .success(try await measure(queue, store, crew, &watch))
        } catch {
            await crew.end()
            result = .failure(error)
        }
        try store.close()
        return try result.get()
    }

    private func measure(
        _ queue: RedisQueue,
        _ store: CallStore,
        _ crew: SoakCrew,
        _ watch: inout SoakWatch
    ) async throws -> SoakReport {
        let ambient = session.ambient
        let begin = ambient.elapsed()
        let (entered, refusals) = try await produce(queue, &watch, since: begin)
        let left = try await drain(queue, &watch)
        let took = ambient.elapsed() - begin
        try await watch.look()
        let deaths = crew.deaths
        let count = await crew.end()
        return SoakReport(
            plan: plan,
            entered: entered,
            recorded: try await recorded(store, among: entered),
            count: count,
            took: took,
            left: left,
            deaths: deaths,
            refusals: refusals,
            memory: watch.processes,
            redis: watch.redis
        )
    }

    /// Makes the jobs as they fall due; a call is repeated until Redis has taken it.
    private func produce(
        _ queue: RedisQueue,
        _ watch: inout SoakWatch,
        since begin: Duration
    ) async throws -> (entered: Int, refusals: Int) {
        let ambient = session.ambient
        var (next, refusals, looked, depth) = (0, 0, begin, 0)
        while next < plan.jobs {
            let now = ambient.elapsed()
            if now - looked >= Self.lookEvery {
                looked = now
                try await watch.look()
                depth = Self.depth(try await queue.figures())
                progress(entered: next, depth: depth)
            }
            let due = plan.due(after: now - begin)
            guard next < due, depth < SoakPlan.backlogMax else {
                try await ambient.sleep(for: Self.step)
                continue
            }
            let end = min(due, next + Self.callMax)
            let made = Int64(ambient.now().timeIntervalSince1970 * 1_000_000)
            let jobs = try (next..<end).map { number in
                NewJob(
                    id: try SoakJob.id(number),
                    kind: "soak",
                    payload: SoakJob.payload(made: made, bytes: plan.payloadBytes)
                )
            }
            let call = try EnqueueCallID("soak-\(ambient.newID().uuidString.lowercased())")
            while let wait = try await enqueue(jobs, call, queue) {
                refusals += 1
                try await ambient.sleep(for: wait)
            }
            next = end
        }
        return (next, refusals)
    }

    /// Returns how long to wait before the same call is made again; nil when it was taken.
    private func enqueue(
        _ jobs: [NewJob],
        _ call: EnqueueCallID,
        _ queue: RedisQueue
    ) async throws(QueueError) -> Duration? {
        do throws(QueueError) {
            _ = try await queue.enqueue(jobs, call: call)
            return nil
        } catch {
            switch error {
            case .overloaded(_, let wait): return wait
            case .unavailable, .full: return .milliseconds(200)
            case .refused, .layoutTooNew, .payloadTooLarge, .protocolViolation, .cancelled:
                throw error
            }
        }
    }

    /// Waits for the last job; returns how many were left when the time was up.
    private func drain(_ queue: RedisQueue, _ watch: inout SoakWatch) async throws -> Int {
        let ambient = session.ambient
        let deadline = ambient.elapsed() + Self.drainMax
        var looked = ambient.elapsed()
        while true {
            let depth = Self.depth(try await queue.figures())
            guard depth > 0, ambient.elapsed() < deadline else { return depth }
            if ambient.elapsed() - looked >= Self.lookEvery {
                looked = ambient.elapsed()
                try await watch.look()
                progress(entered: plan.jobs, depth: depth)
            }
            try await ambient.sleep(for: Self.step)
        }
    }

    private static func depth(_ figures: QueueFigures) -> Int {
        figures.ready.values.reduce(0, +) + figures.suspects + figures.running + figures.later
            + figures.dead
    }

    private func recorded(_ store: CallStore, among entered: Int) async throws -> Int {
        var found = 0
        for start in stride(from: 0, to: entered, by: QueueLimits.jobsPerCallMax) {
            let end = min(entered, start + QueueLimits.jobsPerCallMax)
            found += try await store.finished(among: try (start..<end).map(SoakJob.id)).count
        }
        return found
    }

    private func progress(entered: Int, depth: Int) {
        guard !isQuiet else { return }
        let end = session.terminal.isInteractive ? "\r" : "\n"
        session.terminal.complain("\(entered) of \(plan.jobs) jobs in, \(depth) under way" + end)
    }

    /// Removes the queue; what is kept for a worker or a call goes by itself within a day.
    private func remove(_ queue: RedisQueue, _ client: RedisClient) async throws {
        var purged: PurgeReport
        repeat {
            purged = try await queue.purge(Set(PurgePlace.allCases))
        } while purged.left > 0 && purged.removed > 0
        let keys = queue.keys
        let fixed = [
            keys.bell, keys.control, keys.leases, keys.suspects, keys.later, keys.parked,
            keys.dead, keys.deadBodies, keys.workers, keys.cancellations, keys.counters,
        ]
        let command = ["UNLINK"] + fixed + Lane.allCases.map(keys.ready)
        _ = try await client.send(RedisCommand(command.map { Array($0.utf8) }))
    }
}
