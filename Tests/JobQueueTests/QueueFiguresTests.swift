import JobQueue
import Testing

@Suite("Queue figures")
struct QueueFiguresTests {
    struct Case: Sendable {
        var ready: Duration?
        var due: Int64?
        var running = 0
        var workers = 0
        var isPaused = false
        var oldest: Duration?
        var isStalled: Bool
    }

    private static let now: Int64 = 1_794_700_000_000

    @Test(
        "a queue is stalled when there is work and nobody to do it, and what is due is work",
        arguments: [
            Case(isStalled: false),
            Case(ready: .zero, oldest: .zero, isStalled: true),
            Case(ready: .seconds(5), oldest: .seconds(5), isStalled: true),
            Case(ready: .seconds(5), workers: 1, oldest: .seconds(5), isStalled: false),
            Case(ready: .seconds(5), isPaused: true, oldest: .seconds(5), isStalled: false),
            Case(due: now + 1, isStalled: false),
            Case(due: now, oldest: .zero, isStalled: true),
            Case(due: now - 7_000, oldest: .seconds(7), isStalled: true),
            Case(due: now - 7_000, workers: 1, oldest: .seconds(7), isStalled: false),
            Case(ready: .seconds(9), due: now - 7_000, oldest: .seconds(9), isStalled: true),
            Case(ready: .seconds(5), due: now - 7_000, oldest: .seconds(7), isStalled: true),
            Case(running: 1, isStalled: true),
            Case(running: 1, workers: 1, isStalled: false),
            Case(running: 1, isPaused: true, isStalled: false),
        ]
    )
    func stalled(sample: Case) {
        let pause = PauseState(person: "ana", reason: "", atMilliseconds: Self.now)
        let figures = QueueFigures(
            nowMilliseconds: Self.now,
            pause: sample.isPaused ? pause : nil,
            ready: [:],
            suspects: 0,
            running: sample.running,
            later: sample.due == nil ? 0 : 1,
            dead: 0,
            oldestQueued: sample.ready,
            nextDueMilliseconds: sample.due,
            workers: sample.workers,
            slots: sample.workers,
            counters: QueueCounters()
        )
        #expect(figures.oldestReady == sample.oldest)
        #expect(figures.isStalled == sample.isStalled)
    }

    @Test("a full queue refuses the low lane first, and never the high one")
    func refusedLanes() {
        let refused: [(PressureState.Level, [Lane])] = [
            (.none, []), (.soft, []), (.hard, [.low]), (.last, [.std, .low]),
        ]
        for (level, lanes) in refused {
            #expect(Lane.allCases.filter { level.refuses($0) } == lanes)
        }
    }
}
