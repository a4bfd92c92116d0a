import CallJobs
import CallStore
import TestSupport
import Testing

@Suite("Pace of a backfill")
struct BackfillPaceTests {
    /// Workers that read slices from an upstream, in virtual seconds, as discrete events.
    private struct Upstream {
        var now = 0.0
        var parallel: Int
        var secondsPerSlice: Double
        var left: Int
        var ended = 0
        var running: [Double] = []
        var random: Seeded

        /// Lets it work up to a moment.
        mutating func run(until end: Double) {
            while true {
                while running.count < parallel, left > 0 {
                    left -= 1
                    running.append(now + secondsPerSlice * (0.5 + random.chance()))
                }
                guard let next = running.min(), next <= end else { break }
                running.remove(at: running.firstIndex(of: next) ?? 0)
                ended += 1
                now = next
            }
            now = end
        }

        /// When the last slice ends if nothing changes any more.
        func end() -> Double {
            var future = self
            while future.left > 0 || !future.running.isEmpty {
                let before = future.now
                future.run(until: max(future.running.min() ?? before, before + 1))
            }
            return future.now
        }

        func sample() -> PaceSample {
            PaceSample(
                atMilliseconds: Int64(now * 1000),
                ended: ended,
                requests: ended * 3,
                parallel: parallel
            )
        }
    }

    /// Runs to the end, samples every half minute, and gives estimate and truth of each minute.
    ///
    /// The truth is when the last slice ends under the budget then in force: what nobody has
    /// announced yet is part of no estimate. From the change on it is when it did end.
    private static func run(
        seed: UInt64,
        change: (inout Upstream) -> Void
    ) -> [(minute: Int, estimate: Double, truth: Double)] {
        let slices = 4800
        var upstream = Upstream(
            parallel: 4,
            secondsPerSlice: 5,
            left: slices,
            random: Seeded(seed: seed)
        )
        var samples = [upstream.sample()]
        var isChanged = false
        var looks: [(minute: Int, estimate: Double, truth: Double)] = []
        while upstream.ended < slices {
            upstream.run(until: upstream.now + 30)
            if !isChanged, upstream.ended >= slices / 2 {
                change(&upstream)
                isChanged = true
            }
            samples.append(upstream.sample())
            let minute = Int(upstream.now / 60)
            guard upstream.now == Double(minute) * 60,
                let pace = BackfillPace(samples: samples, parallel: upstream.parallel)
            else { continue }
            let estimate = pace.time(for: slices - upstream.ended) / .seconds(1)
            looks.append((minute, estimate, upstream.end() - upstream.now))
        }
        return looks
    }

    @Test(
        "tells the end within a fifth from the tenth minute on, though the budget halves",
        arguments: Seeds.first(20)
    )
    func halves(seed: UInt64) {
        let looks = Self.run(seed: seed) { $0.parallel = 2 }
        #expect(looks.count > 100)
        // In the last minutes single slices are more than a fifth of what is left.
        for look in looks where look.minute >= 10 && look.truth >= 300 {
            #expect(
                abs(look.estimate - look.truth) <= 0.2 * look.truth,
                "minute \(look.minute); \(Seeds.replay(seed, filter: "BackfillPaceTests"))"
            )
        }
    }

    @Test(
        "follows an upstream that answers more slowly, though its budget stays",
        arguments: Seeds.first(20)
    )
    func slows(seed: UInt64) throws {
        let looks = Self.run(seed: seed) { $0.secondsPerSlice = 10 }
        // 2,400 slices of 5 s, four at a time, take 50 minutes; ten later it has learnt.
        for look in looks where look.minute >= 62 && look.truth >= 300 {
            #expect(
                abs(look.estimate - look.truth) <= 0.2 * look.truth,
                "minute \(look.minute); \(Seeds.replay(seed, filter: "BackfillPaceTests"))"
            )
        }
    }

    @Test("says nothing before something has ended, and leaves a time without feeding out")
    func gaps() throws {
        func sample(_ second: Int64, _ ended: Int) -> PaceSample {
            PaceSample(atMilliseconds: second * 1000, ended: ended, requests: ended, parallel: 2)
        }
        #expect(BackfillPace(samples: [], parallel: 2) == nil)
        #expect(BackfillPace(samples: [sample(0, 0)], parallel: 2) == nil)
        #expect(BackfillPace(samples: [sample(0, 0), sample(30, 0)], parallel: 2) == nil)
        let busy = try #require(
            BackfillPace(samples: [sample(0, 0), sample(30, 60)], parallel: 2)
        )
        #expect(abs(busy.slicesPerSecond - 2) < 0.001)
        #expect(busy.time(for: 120) == .seconds(60))
        // Paused for an hour, then on as before.
        let paused = try #require(
            BackfillPace(
                samples: [sample(0, 0), sample(30, 60), sample(3630, 60), sample(3660, 120)],
                parallel: 2
            )
        )
        #expect(abs(paused.slicesPerSecond - 2) < 0.001)
        #expect(paused.time(for: 0) == .zero)
    }
}
