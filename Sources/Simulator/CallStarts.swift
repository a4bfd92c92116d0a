/// Spreads the historical calls over the days, thick in business hours and thin at night.
struct CallStarts {
    /// In Unix seconds, ascending.
    let all: [Int]

    /// The unfinished calls start within this many seconds before the anchor.
    static let unfinishedRange = 30...240

    init(_ settings: WorldSettings) {
        let regular = settings.calls - settings.unfinished
        let first = settings.anchor - settings.days * 86_400 + 3_600
        let last = settings.anchor - CallPlanner.quietBeforeAnchor
        let hours = HourWeights(first: first, last: last)
        var starts: [Int] = []
        starts.reserveCapacity(settings.calls)
        for index in 0..<regular {
            var draw = Draw(seed: settings.seed, stream: .start, index: index)
            starts.append(hours.moment(at: (Double(index) + draw.fraction()) / Double(regular)))
        }
        let span = Self.unfinishedRange.count - 1
        for index in 0..<settings.unfinished {
            var draw = Draw(seed: settings.seed, stream: .start, index: regular + index)
            let share = (Double(index) + draw.fraction()) / Double(settings.unfinished)
            starts.append(
                settings.anchor - Self.unfinishedRange.upperBound + Int(share * Double(span))
            )
        }
        all = starts
    }
}

/// How many calls each hour of a range gets, as a running sum that can be looked up.
private struct HourWeights {
    private let first: Int
    private let last: Int
    /// Weight of all hours before the hour at this position, and of all at the end.
    private let before: [Int]

    init(first: Int, last: Int) {
        self.first = first
        self.last = last
        let count = (last - first + 3_599) / 3_600
        var sum = 0
        before =
            [0]
            + (0..<count).map { hour in
                let begin = first + hour * 3_600
                sum += Self.weight(at: begin) * min(3_600, last - begin)
                return sum
            }
    }

    /// Business hours of North America, as they fall in UTC.
    private static func weight(at moment: Int) -> Int {
        let time = CivilTime(unix: moment)
        let busy = (14...23).contains(time.hour) ? 20 : time.hour < 2 || time.hour > 11 ? 6 : 1
        return time.weekday == 0 ? max(1, busy / 5) : time.weekday == 6 ? max(1, busy / 2) : busy
    }

    /// The moment at which a share of all calls, `0..<1`, has come in.
    func moment(at share: Double) -> Int {
        let target = share * Double(before[before.count - 1])
        var low = 0
        var high = before.count - 2
        while low < high {
            let middle = (low + high + 1) / 2
            if Double(before[middle]) <= target { low = middle } else { high = middle - 1 }
        }
        let width = Double(before[low + 1] - before[low])
        let begin = first + low * 3_600
        let length = Double(min(3_600, last - begin))
        return begin + Int((target - Double(before[low])) / width * length)
    }
}
