import CallStore
import JobQueue
import Settings

/// What `--check` holds the stack to: `oldest=60s,dead=0,poll=30m`.
package struct TopCheck: Sendable, Equatable {
    package var oldestMax: Duration?
    package var deadMax: Int?
    package var pollMax: Duration?

    package enum Grade: Int, Sendable, Comparable {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// Reads the limits; nil for a text that is none.
    package init?(_ text: String) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { return nil }
            switch pair[0] {
            case "oldest": oldestMax = Duration(settingText: pair[1])
            case "poll": pollMax = Duration(settingText: pair[1])
            case "dead": deadMax = Int(pair[1]).flatMap { $0 >= 0 ? $0 : nil }
            default: return nil
            }
        }
        let known = [oldestMax != nil, pollMax != nil, deadMax != nil].count { $0 }
        guard known == text.split(separator: ",").count else { return nil }
    }

    /// What is wrong, the worst first, and how bad it is.
    ///
    /// A limit that is passed is a warning; twice the limit, a queue with work and no worker, or
    /// an upstream that refuses us is critical.
    package func judge(_ snapshot: TopSnapshot) -> (grade: Grade, lines: [String]) {
        var found: [(Grade, String)] = []
        for queue in snapshot.queues {
            if queue.hasNoWorker {
                let isStuck = queue.figures.isStalled || queue.waiting > 0
                found.append((isStuck ? .critical : .warning, "\(queue.name): no worker is alive"))
            }
            if let limit = oldestMax, let age = queue.figures.oldestReady, age > limit {
                let text = "\(queue.name): the oldest job waits for \(TimeText.duration(age))"
                found.append((age > limit * 2 ? .critical : .warning, text))
            }
            if let limit = deadMax, queue.figures.dead > limit {
                found.append((.warning, "\(queue.name): \(queue.figures.dead) dead jobs"))
            }
        }
        if let limit = pollMax {
            if let age = snapshot.age(since: snapshot.pulse.lastPollMilliseconds) {
                if age > limit {
                    let text = "the last poll was \(TimeText.duration(age)) ago"
                    found.append((age > limit * 2 ? .critical : .warning, text))
                }
            } else {
                found.append((.warning, "never polled"))
            }
        }
        for hold in snapshot.holds where hold.kind == .upstreamRefuses {
            found.append((.critical, hold.text))
        }
        found.sort { $0.0 > $1.0 }
        return (found.first?.0 ?? .ok, found.map(\.1))
    }
}
