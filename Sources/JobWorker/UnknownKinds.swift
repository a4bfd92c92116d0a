import JobQueue

/// Since when a worker meets jobs of kinds, or with arguments, that it does not know.
///
/// A job may be older than the program that would know it is away: it is the meeting that counts.
struct UnknownKinds {
    /// More kinds than any deploy brings; what comes beyond counts from its creation.
    private static let most = 100

    /// When jobs of a kind were met first and last, for as long as they were met again and again.
    private var met: [String: (first: Duration, last: Duration)] = [:]

    /// Notes that a job of a kind was met that this program does not know.
    ///
    /// - Parameters:
    ///   - kind: The kind of the job.
    ///   - now: The elapsed time.
    ///   - pause: After how long without a job of the kind the next one counts as the first.
    /// - Returns: The time since such a job was met first; nil when too many kinds are unknown.
    mutating func note(_ kind: String, at now: Duration, pause: Duration) -> Duration? {
        met = met.filter { now - $0.value.last < pause }
        if let times = met[kind] {
            met[kind] = (times.first, now)
            return now - times.first
        }
        guard met.count < Self.most else { return nil }
        met[kind] = (now, now)
        return .zero
    }
}
