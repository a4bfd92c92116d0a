/// When a child that died is started again.
///
/// The wait doubles with each death in a row, up to a cap; a child that ran for a while begins
/// anew. In any minute a child is started `startsPerMinuteMax` times at most.
package struct RestartPolicy: Sendable, Equatable {
    /// The first wait: a child that died by accident is hardly missed.
    package static let base = Duration.milliseconds(200)

    /// The longest wait between a death and the next start.
    package static let cap = Duration.seconds(10)

    /// After this long a child counts as having come up.
    package static let calm = Duration.seconds(5)

    package static let startsPerMinuteMax = 10

    /// What follows from a death.
    package struct Decision: Sendable, Equatable {
        package let delay: Duration

        /// Whether the minute's starts are used up: somebody should look at it.
        package let isLoud: Bool
    }

    private var deathsInARow = 0
    private var starts: [Duration] = []

    package init() {}

    /// Notes that the child was started; times are those of `Ambient.elapsed`.
    package mutating func started(at now: Duration) {
        starts = starts.filter { now - $0 < .seconds(60) } + [now]
    }

    /// What to do after the child has died.
    package mutating func died(at now: Duration) -> Decision {
        let lived = starts.last.map { now - $0 } ?? .zero
        deathsInARow = lived >= Self.calm ? 1 : deathsInARow + 1
        let delay = min(Self.cap, Self.base * (1 << min(deathsInARow - 1, 10)))
        let recent = starts.filter { now + delay - $0 < .seconds(60) }
        guard recent.count >= Self.startsPerMinuteMax else {
            return Decision(delay: delay, isLoud: false)
        }
        // Until the oldest of the starts that would be one too many is a minute old.
        let freeing = recent[recent.count - Self.startsPerMinuteMax]
        return Decision(delay: max(delay, freeing + .seconds(60) - now), isLoud: true)
    }
}
