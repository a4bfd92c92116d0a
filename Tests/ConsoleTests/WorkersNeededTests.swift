import CallStore
import Console
import JobQueue
import Testing

@Suite("Workers that are needed")
struct WorkersNeededTests {
    private func needed(
        _ figures: QueueFigures,
        perMinute: Double = 0,
        run: Duration? = .seconds(1)
    ) -> Int? {
        WorkersNeeded.count(
            figures,
            recent: RecentRuns(
                perMinute: perMinute,
                meanRun: run,
                p95Run: nil,
                p95Wait: nil,
                lastMilliseconds: 0
            )
        )
    }

    @Test("none for a queue in which nothing happens")
    func none() {
        #expect(needed(TopSample.figures()) == 0)
    }

    @Test("what arrives is kept up with")
    func arrivals() {
        // 8 jobs a second of a second each, four slots a worker.
        #expect(needed(TopSample.figures(), perMinute: 480) == 2)
        #expect(needed(TopSample.figures(), perMinute: 481) == 3)
    }

    @Test("what waits is brought below the objective within the objective")
    func backlog() {
        // 600 jobs came within 600 s: 1 a second; 600 s of work in 60 s besides: 11 slots.
        let figures = TopSample.figures(waiting: 600, oldest: .seconds(600))
        #expect(needed(figures) == 3)
        #expect(
            WorkersNeeded.count(
                figures,
                recent: RecentRuns(
                    perMinute: 0,
                    meanRun: .seconds(1),
                    p95Run: nil,
                    p95Wait: nil,
                    lastMilliseconds: 0
                ),
                objective: .seconds(600)
            ) == 1
        )
    }

    @Test("without a known run time: one where none lives, else nobody knows")
    func unknown() {
        #expect(needed(TopSample.figures(waiting: 1, workers: 0), run: nil) == 1)
        #expect(needed(TopSample.figures(waiting: 1), run: nil) == nil)
    }

    @Test("an answer has a bound")
    func bound() {
        let figures = TopSample.figures(waiting: 10_000_000, oldest: .seconds(60))
        #expect(needed(figures) == WorkersNeeded.workersMax)
    }
}
