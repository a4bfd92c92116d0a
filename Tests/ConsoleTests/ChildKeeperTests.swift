import Ambient
import Console
import Foundation
import Hosting
import Synchronization
import TestSupport
import Testing

/// Children that live for as long as a script says, in virtual time.
private final class ScriptedStarter: ChildStarter {
    /// How long each life lasts by itself, and how long the child takes to obey SIGTERM; the last
    /// entry holds for all further lives.
    struct Life: Sendable {
        var length: Duration?
        var obeysAfter: Duration? = .seconds(1)
        var cannotStart = false
    }

    private let lives: [Life]
    private let ambient: Ambient
    private let started = Mutex(0)

    init(_ lives: [Life], ambient: Ambient) {
        self.lives = lives
        self.ambient = ambient
    }

    var starts: Int { started.withLock { $0 } }

    func start(_ child: Child) async throws(ChildStartError) -> any RunningChild {
        let number = started.withLock { count in
            count += 1
            return count
        }
        let life = lives[min(number, lives.count) - 1]
        if life.cannotStart { throw ChildStartError("no such program") }
        return ScriptedChild(life, processID: Int32(number), ambient: ambient)
    }
}

private final class ScriptedChild: RunningChild {
    let processID: Int32
    private let end: Mutex<(at: Duration?, status: Int32)>
    private let life: ScriptedStarter.Life
    private let ambient: Ambient

    init(_ life: ScriptedStarter.Life, processID: Int32, ambient: Ambient) {
        self.processID = processID
        self.life = life
        self.ambient = ambient
        end = Mutex((life.length.map { ambient.elapsed() + $0 }, 1))
    }

    func signal(_ number: Int32) {
        let now = ambient.elapsed()
        end.withLock { end in
            if number == SIGKILL {
                end = (now, 128 + SIGKILL)
            } else if let obeysAfter = life.obeysAfter {
                end = (now + obeysAfter, 0)
            }
        }
    }

    /// Looks every tenth of a virtual second.
    func ended() async -> Int32? {
        while true {
            let (at, status) = end.withLock { $0 }
            if let at, ambient.elapsed() >= at { return status }
            do {
                try await ambient.sleep(for: .milliseconds(100))
            } catch {
                return nil
            }
        }
    }
}

private final class Events: Sendable {
    private let events = Mutex<[ChildEvent]>([])
    var all: [ChildEvent] { events.withLock { $0 } }
    func add(_ event: ChildEvent) { events.withLock { $0.append(event) } }
}

@Suite("a child's keeper")
struct ChildKeeperTests {
    /// Keeps a scripted child for some time, stops it, and returns what happened.
    private func keep(
        _ lives: [ScriptedStarter.Life],
        for duration: Duration,
        seed: UInt64
    ) throws -> (events: [ChildEvent], starts: Int, took: Duration) {
        let simulation = Simulation(seed: seed)
        let ambient = simulation.ambient()
        return try simulation.run {
            let starter = ScriptedStarter(lives, ambient: ambient)
            let events = Events()
            let child = Child(
                name: "worker",
                executable: "/bin/worker",
                environment: [:],
                stopMax: .seconds(5)
            )
            let keeper = ChildKeeper(child, starter: starter, ambient: ambient) { events.add($0) }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keeper.run() }
                try await ambient.sleep(for: duration)
                let before = ambient.elapsed()
                keeper.stop.request(.own)
                await keeper.isGone.requested()
                return (events.all, starter.starts, ambient.elapsed() - before)
            }
        }
    }

    @Test("starts a child again that dies, with a growing wait", arguments: Seeds.first(5))
    func startsAgain(seed: UInt64) throws {
        let lives = [
            ScriptedStarter.Life(length: .zero), .init(length: .zero), .init(length: nil),
        ]
        let (events, starts, _) = try keep(lives, for: .seconds(20), seed: seed)
        #expect(starts == 3)
        #expect(
            events == [
                .started(name: "worker", processID: 1),
                .died(name: "worker", status: 1, again: .milliseconds(200), isLoud: false),
                .started(name: "worker", processID: 2),
                .died(name: "worker", status: 1, again: .milliseconds(400), isLoud: false),
                .started(name: "worker", processID: 3),
                .stopped(name: "worker", status: 0),
            ],
            "seed \(seed)"
        )
    }

    @Test("tries again when a child cannot be started", arguments: Seeds.first(5))
    func cannotStart(seed: UInt64) throws {
        let lives = [ScriptedStarter.Life(length: nil, cannotStart: true), .init(length: nil)]
        let (events, _, _) = try keep(lives, for: .seconds(5), seed: seed)
        #expect(
            events == [
                .cannotStart(
                    name: "worker",
                    reason: "no such program",
                    again: .milliseconds(200),
                    isLoud: false
                ),
                .started(name: "worker", processID: 2), .stopped(name: "worker", status: 0),
            ],
            "seed \(seed)"
        )
    }

    @Test("kills a child that does not end within its bound", arguments: Seeds.first(5))
    func kills(seed: UInt64) throws {
        let stubborn = ScriptedStarter.Life(length: nil, obeysAfter: nil)
        let (events, _, took) = try keep([stubborn], for: .seconds(5), seed: seed)
        #expect(events.last == .killed(name: "worker"), "seed \(seed)")
        #expect(took >= .seconds(5) && took < .seconds(6), "seed \(seed)")
    }

    @Test("a stop during the wait for the next start ends the keeper at once")
    func stopsWhileWaiting() throws {
        let dying = ScriptedStarter.Life(length: .zero)
        // After 40 s of crashing the waits are the longest.
        let (events, _, took) = try keep([dying], for: .seconds(40), seed: 1)
        #expect(took < .milliseconds(200))
        guard case .died = events.last else {
            Issue.record("unexpected: \(String(describing: events.last))")
            return
        }
    }
}
