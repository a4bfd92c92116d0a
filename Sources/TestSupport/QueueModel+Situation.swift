package import JobQueue

extension QueueModel {
    package func situation(now: Int64) -> QueueSituation {
        var oldest: [Lane: Duration] = [:]
        for lane in Lane.allCases { oldest[lane] = age(ready[lane]?.first, now: now) }
        let isSolo = solo.map { $0.until > now } ?? false
        return QueueSituation(
            nowMilliseconds: now,
            oldest: oldest,
            oldestSuspect: age(suspects.first, now: now),
            soloWorker: isSolo ? solo?.worker : nil,
            soloUntilMilliseconds: isSolo ? solo?.until : nil,
            lastReapMilliseconds: reapedAt == 0 ? nil : reapedAt
        )
    }

    package func holder(of key: UniqueKey) -> JobID? { uniques[key]?.holder }

    private func age(_ item: Item?, now: Int64) -> Duration? {
        switch item {
        case nil: nil
        case .bytes: .zero
        case .job(let job): .milliseconds(max(0, now - job.readyMilliseconds))
        }
    }
}
