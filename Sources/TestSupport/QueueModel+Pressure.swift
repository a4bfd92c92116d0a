package import JobQueue

// How full the queue is, and what producers are told of it.

extension QueueModel {
    /// Delays that producers are asked for, the least at a soft mark and the most at a hard one.
    static let slowDownMin = Duration.milliseconds(100)
    static let slowDownMax = Duration.seconds(5)

    package mutating func pressure(setting changes: [PressureMark: Int?]) -> PressureState {
        for (mark, value) in changes { marks[mark] = value }
        return pressure
    }

    package var pressure: PressureState {
        let own = tuning.marks
        let marks = PressureMarks(
            depth: .init(
                soft: marks[.softDepth] ?? own.depth.soft,
                hard: marks[.hardDepth] ?? own.depth.hard,
                last: marks[.lastDepth] ?? own.depth.last
            ),
            memoryPercent: .init(
                soft: marks[.softMemory] ?? own.memoryPercent.soft,
                hard: marks[.hardMemory] ?? own.memoryPercent.hard,
                last: marks[.lastMemory] ?? own.memoryPercent.last
            )
        )
        let depth =
            Lane.allCases.reduce(0) { $0 + waitingCount($1) } + suspects.count + parked.count
        // The model's memory has no limit.
        let byDepth = Self.level(depth, marks.depth)
        let byMemory = Self.level(0, marks.memoryPercent)
        let delay = max(byDepth.delay, byMemory.delay)
        return PressureState(
            marks: marks,
            depth: depth,
            memoryPercent: 0,
            level: max(byDepth.level, byMemory.level),
            slowDown: delay > 0 ? .milliseconds(delay) : nil
        )
    }

    /// The delay in milliseconds, growing from the soft mark to the hard one, and the level.
    private static func level(
        _ value: Int,
        _ marks: PressureMarks.Marks
    ) -> (delay: Int64, level: PressureState.Level) {
        guard value >= marks.soft else { return (0, .none) }
        let least = slowDownMin.queueMilliseconds
        let most = slowDownMax.queueMilliseconds
        let part = Double(value - marks.soft) / Double(max(1, marks.hard - marks.soft))
        let delay = min(most, least + Int64((Double(most - least) * part).rounded(.down)))
        let level: PressureState.Level =
            value >= marks.last ? .last : value >= marks.hard ? .hard : .soft
        return (delay, level)
    }
}
