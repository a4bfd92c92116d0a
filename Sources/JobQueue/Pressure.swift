/// When producers are asked to slow down, and when lanes are refused.
package struct PressureMarks: Sendable, Equatable, Codable {
    /// Three marks of one quantity, in order.
    package struct Marks: Sendable, Equatable, Codable {
        /// From here on producers are asked to wait.
        package var soft: Int

        /// From here on the low lane is refused.
        package var hard: Int

        /// From here on all lanes but `hi` are refused.
        package var last: Int

        package init(soft: Int, hard: Int, last: Int) {
            self.soft = soft
            self.hard = hard
            self.last = last
        }
    }

    /// Jobs that wait, with a time or without; a million take about 260 MB of Redis.
    package var depth: Marks

    /// Used memory in percent of Redis's `maxmemory`; never reached without one.
    package var memoryPercent: Marks

    package init(
        depth: Marks = Marks(soft: 1_000_000, hard: 2_000_000, last: 4_000_000),
        memoryPercent: Marks = Marks(soft: 70, hard: 85, last: 95)
    ) {
        self.depth = depth
        self.memoryPercent = memoryPercent
    }
}

/// One of the marks, as operators name and set it.
package enum PressureMark: String, Sendable, CaseIterable, Codable {
    case softDepth
    case hardDepth
    case lastDepth
    case softMemory
    case hardMemory
    case lastMemory
}

/// How full a queue is.
package struct PressureState: Sendable, Equatable, Codable {
    package enum Level: Int, Sendable, Codable, Comparable {
        case none
        case soft
        case hard
        case last

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        /// Whether producers are refused jobs of a lane.
        package func refuses(_ lane: Lane) -> Bool {
            switch lane {
            case .low: self >= .hard
            case .std: self >= .last
            case .hi: false
            }
        }
    }

    /// The marks in force.
    package var marks: PressureMarks
    package var depth: Int
    package var memoryPercent: Int
    package var level: Level

    /// What producers are asked to wait; nil below the soft marks.
    package var slowDown: Duration?

    package init(
        marks: PressureMarks,
        depth: Int,
        memoryPercent: Int,
        level: Level,
        slowDown: Duration?
    ) {
        self.marks = marks
        self.depth = depth
        self.memoryPercent = memoryPercent
        self.level = level
        self.slowDown = slowDown
    }
}

/// What became of the jobs of one call, and whether the producer is to wait before the next.
package struct EnqueueReply: Sendable, Equatable {
    /// One for each job, in order.
    package var answers: [EnqueueAnswer]

    /// How long to wait before more is sent; nil while the queue is below its soft marks.
    package var slowDown: Duration?

    package init(_ answers: [EnqueueAnswer], slowDown: Duration? = nil) {
        self.answers = answers
        self.slowDown = slowDown
    }
}

extension EnqueueReply: RandomAccessCollection {
    package var startIndex: Int { answers.startIndex }
    package var endIndex: Int { answers.endIndex }
    package subscript(index: Int) -> EnqueueAnswer { answers[index] }
}
