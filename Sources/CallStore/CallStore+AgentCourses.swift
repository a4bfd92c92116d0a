import GRDB

/// The numbers of reading how calls went.
package enum AgentCourseLimits {
    /// Calls that are read for one page, the newest of each agent; about a tenth of a second.
    package static let callsMax = 20_000

    /// How many calls are read of each agent: all of those with few, and as many of each other one.
    ///
    /// - Parameters:
    ///   - calls: How many calls each agent has.
    ///   - most: What the shares come to at most.
    /// - Returns: The shares, in the order of the agents.
    package static func shares(of calls: [Int], most: Int) -> [Int] {
        var shares = calls.map { _ in 0 }
        var left = most
        let order = calls.indices.sorted { (calls[$0], $0) < (calls[$1], $1) }
        for (place, index) in order.enumerated() {
            shares[index] = min(calls[index], left / (order.count - place))
            left -= shares[index]
        }
        return shares
    }
}

extension CallStore {
    /// How the calls of a scope went, by agent and version; agents and versions in order.
    ///
    /// Reads calls one by one, so of agents with many the newest alone: no more than `callsMax` of
    /// all agents together. Calls that are excluded are left out.
    package func agentCourses(
        _ scope: FigureScope,
        callsMax: Int = AgentCourseLimits.callsMax
    ) async throws(StoreError) -> [AgentCourse] {
        try await read { database in
            let reading = AgentCourseReading(database: database, scope: scope)
            let agents = try reading.agents()
            let shares = AgentCourseLimits.shares(of: agents.map { $0.calls }, most: callsMax)
            return try zip(agents, shares).flatMap { agent, share in
                try reading.courses(of: agent.id, limit: share)
            }
        }
    }
}

private struct AgentCourseReading {
    let database: Database
    let scope: FigureScope

    /// Those with calls in the scope, and how many.
    func agents() throws -> [(id: String, calls: Int)] {
        let reading = FigureReading(database: database, scope: scope)
        return try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    select agent_id, sum(conversations) from daily_figures
                    where \(reading.condition) group by agent_id order by agent_id
                    """
            ),
            arguments: reading.arguments
        )
        .map { (id: $0[0] as String, calls: $0[1] as Int) }
    }

    func courses(of agent: String, limit: Int) throws -> [AgentCourse] {
        var own = scope
        own.agentID = agent
        let reading = FigureReading(database: database, scope: own)
        // The index holds all that is read of `calls`, so that none of its texts are.
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    select version_id, termination_reason, interruptions, response_ms, outcome,
                        connection, is_qualified, is_converted, seconds, microdollars, credits,
                        campaign_id
                    from (
                        select * from call_facts
                        where \(reading.condition) and is_excluded = 0
                        order by day desc limit :limit
                    ) as facts
                    join calls indexed by calls_courses on calls.id = facts.call_id
                    """
            ),
            arguments: reading.arguments + ["limit": limit + 1]
        )
        var courses: [String?: AgentCourse] = [:]
        var read = 0
        while let row = try rows.next() {
            guard read < limit else {
                for version in courses.keys { courses[version]?.isPartial = true }
                break
            }
            read += 1
            let version: String? = row[0]
            courses[version, default: AgentCourse(agentID: agent, versionID: version)].add(row)
        }
        return courses.values.sorted { ($0.versionID ?? "") < ($1.versionID ?? "") }
    }
}

extension AgentCourse {
    /// One call, as `AgentCourseReading` reads it.
    fileprivate mutating func add(_ row: Row) {
        endings[CallEnding(row[1] as String?), default: 0] += 1
        if let count: Int = row[2] {
            heard += 1
            interruptions += count
            if count > 0 { interrupted += 1 }
        }
        if let times: String = row[3] { addResponses(times) }
        figures.conversations += 1
        switch row[4] as String {
        case "success": figures.success += 1
        case "failure": figures.failure += 1
        case "pending": figures.pending += 1
        default: figures.unknown += 1
        }
        let seconds: Int = row[8] ?? 0
        switch row[5] as String {
        case "connected":
            figures.connected += 1
            figures.seconds += seconds
        case "no-speech": figures.noSpeech += 1
        case "not-connected": figures.notConnected += 1
        default: break
        }
        figures.qualified += row[6] as Int
        figures.conversions += row[7] as Int
        if let microdollars: Int = row[9] {
            figures.microdollars += microdollars
            figures.microdollarsKnown += 1
        }
        if let credits: Int = row[10] {
            figures.credits += credits
            figures.creditsKnown += 1
        }
        if (row[11] as Int64) != 0 { figures.attributed += 1 }
    }

    /// The whole numbers of a list such as `[812,1033]`; a decoder would take most of the time.
    private mutating func addResponses(_ list: String) {
        var number: Int?
        for byte in list.utf8 {
            if (0x30...0x39).contains(byte) {
                number = (number ?? 0) &* 10 &+ Int(byte &- 0x30)
            } else if let time = number {
                responses.add(time)
                number = nil
            }
        }
    }
}
