import Console
import Testing

@Suite("restart policy")
struct RestartPolicyTests {
    @Test("waits twice as long after each death in a row, up to the cap")
    func doubles() {
        var policy = RestartPolicy()
        var now = Duration.zero
        var delays: [Duration] = []
        for _ in 0..<8 {
            policy.started(at: now)
            now += .milliseconds(1)
            let decision = policy.died(at: now)
            delays.append(decision.delay)
            now += decision.delay
        }
        #expect(
            delays == [
                .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600),
                .milliseconds(3200), .milliseconds(6400), .seconds(10), .seconds(10),
            ]
        )
    }

    @Test("a child that ran for a while begins anew")
    func forgets() {
        var policy = RestartPolicy()
        for second in 0..<3 {
            policy.started(at: .seconds(second))
            _ = policy.died(at: .seconds(second))
        }
        policy.started(at: .seconds(10))
        #expect(policy.died(at: .seconds(30)).delay == RestartPolicy.base)
    }

    @Test(
        "never starts a child more often than the limit in any minute, and says so",
        arguments: [Duration.zero, RestartPolicy.calm]
    )
    func boundsStarts(life: Duration) {
        var policy = RestartPolicy()
        var now = Duration.zero
        var starts: [Duration] = []
        var loud = 0
        for _ in 0..<100 {
            policy.started(at: now)
            starts.append(now)
            now += life
            let decision = policy.died(at: now)
            if decision.isLoud { loud += 1 }
            now += decision.delay
        }
        for start in starts {
            let inMinute = starts.count { $0 >= start && $0 < start + .seconds(60) }
            #expect(inMinute <= RestartPolicy.startsPerMinuteMax)
        }
        #expect(loud > 0)
    }
}
