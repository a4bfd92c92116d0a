package import JobQueue

extension ScriptReply {
    package func pressure() throws(QueueError) -> PressureState {
        guard let level = PressureState.Level(rawValue: try integer(9)) else {
            throw .protocolViolation(reason: "an unknown level of pressure in a result")
        }
        let delay = try integer(8)
        return PressureState(
            marks: PressureMarks(
                depth: .init(soft: try integer(0), hard: try integer(1), last: try integer(2)),
                memoryPercent: .init(
                    soft: try integer(3),
                    hard: try integer(4),
                    last: try integer(5)
                )
            ),
            depth: try integer(6),
            memoryPercent: try integer(7),
            level: level,
            slowDown: delay > 0 ? .milliseconds(delay) : nil
        )
    }

    package func limits() throws(QueueError) -> [LimitFigures] {
        var figures: [LimitFigures] = []
        for index in 0..<count { figures.append(try list(index).limit()) }
        return figures
    }

    private func limit() throws(QueueError) -> LimitFigures {
        let name = try text(0)
        let key: LimitKey
        do throws(IdentifierError) {
            key = try LimitKey(name)
        } catch {
            throw .protocolViolation(reason: "a limit key in a result is malformed")
        }
        var settings = LimitSettings()
        settings.concurrency = try optionalNumber(1).map { Int($0) }
        if let interval = try optionalNumber(2), let burst = try optionalNumber(3) {
            settings.rate = RateLimit(intervalMicroseconds: interval, burst: Int(burst))
        }
        return LimitFigures(
            key: key,
            settings: settings,
            running: try integer(4),
            waiting: [.hi: try integer(5), .std: try integer(6), .low: try integer(7)],
            rest: LimitRest(rawValue: try text(8)),
            untilMilliseconds: try optionalNumber(9),
            isOnTrial: try flag(10),
            waitingSinceMilliseconds: try optionalNumber(11)
        )
    }
}
