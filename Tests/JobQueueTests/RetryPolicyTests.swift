import JobQueue
import TestSupport
import Testing

@Suite("RetryPolicy")
struct RetryPolicyTests {
    @Test("waits base times two to the attempt, between half and all of it, up to the cap")
    func delays() {
        let policy = RetryPolicy()
        for attempt in 1...40 {
            let full = min(3600, 5 * Double(1 << min(attempt - 1, 20)))
            #expect(policy.delay(afterAttempt: attempt, draw: 0) == .seconds(full / 2))
            #expect(policy.delay(afterAttempt: attempt, draw: 1) == .seconds(full))
        }
    }

    @Test("tries as often as it says and then gives up", arguments: [1, 2, 12])
    func attempts(max: Int) {
        let policy = RetryPolicy(attemptsMax: max)
        for attempt in 1..<max {
            guard
                case .retry(_, "x") = policy.outcome(afterAttempt: attempt, reason: "x", draw: 0.5)
            else {
                Issue.record("attempt \(attempt) of \(max) is no retry")
                continue
            }
        }
        #expect(policy.outcome(afterAttempt: max, reason: "x", draw: 0.5) == .dead(reason: "x"))
    }

    @Test("the lower bound of somebody else wins when it is longer")
    func lowerBound() {
        let outcome = RetryPolicy().outcome(
            afterAttempt: 1,
            reason: "busy",
            atLeast: .seconds(7200),
            draw: 0
        )
        #expect(outcome == .retry(after: .seconds(7200), reason: "busy"))
    }

    @Test("the horizon is the sum of the longest waits")
    func horizon() {
        #expect(RetryPolicy(attemptsMax: 4).horizon == .seconds(5 + 10 + 20))
        #expect(RetryPolicy(attemptsMax: 1).horizon == .zero + RetryPolicy().base)
    }
}

@Suite("Queue numbers and texts")
struct QueueTuningTests {
    @Test(
        "a duration becomes whole milliseconds, rounded up",
        arguments: [
            (Duration.zero, Int64(0)), (.nanoseconds(1), 1), (.milliseconds(1), 1),
            (.microseconds(1001), 2), (.seconds(-5), 0), (.seconds(30), 30_000),
            (.seconds(Int64.max / 2), 3_153_600_000_000),
        ]
    )
    func milliseconds(duration: Duration, expected: Int64) {
        #expect(duration.queueMilliseconds == expected)
    }

    @Test("a long reason is cut at the end of a character")
    func clipped() {
        #expect(QueueText.clipped("short") == "short")
        let cut = QueueText.clipped(String(repeating: "ä", count: 999))
        #expect(cut == String(repeating: "ä", count: 500))
        let odd = QueueText.clipped("x" + String(repeating: "ä", count: 999))
        #expect(odd.utf8.count == 999)
    }
}
