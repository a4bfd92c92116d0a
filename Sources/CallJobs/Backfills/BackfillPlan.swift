package import CallStore

/// What a backfill would do and cost, said before it begins; pure.
package struct BackfillPlan: Sendable, Equatable {
    /// What the estimate of the calls rests on.
    package enum Basis: Sendable, Equatable {
        /// The parts of the range itself that are covered.
        case range(CoverageDensity)

        /// Everything that is covered.
        case history(CoverageDensity)

        /// Nothing is covered yet: only the lists are counted, so it is the least.
        case none

        package var density: CoverageDensity? {
            switch self {
            case .range(let density), .history(let density): density
            case .none: nil
            }
        }
    }

    /// What a request takes, before any was measured: the upstream answers a detail within half a
    /// second, and a list within one.
    package static let requestSecondsAssumed = 0.7

    /// Calls on one page of the upstream's list.
    package static let callsPerPage = 100

    /// Covered time of the range from which on it speaks for the rest of it, in seconds.
    package static let rangeBasisMin: Int64 = 86_400

    package var range: BackfillRange

    /// Slices that are complete already, and those that have to be read.
    package var complete: Int
    package var jobs: Int

    /// Covered stretches within the range, in order.
    package var stretches: [Coverage]
    package var basis: Basis

    /// Calls that are expected in the slices to be read; nil without a basis.
    package var calls: Int?

    /// Requests to the upstream: a list for each page of each slice, and a detail for each call.
    package var requests: Int

    /// What a request takes, and whether that was measured.
    package var requestSeconds: Double
    package var isMeasured: Bool

    /// Requests that the upstream's budget allows at once.
    package var parallel: Int

    /// How long it takes when nothing else asks the upstream.
    package var time: Duration

    /// A plan.
    ///
    /// - Parameters:
    ///   - range: What is to be read.
    ///   - coverage: The covered stretches within it, in order, with gaps between them.
    ///   - history: How many calls all that is covered holds; nil when nothing is.
    ///   - pace: How fast the last backfill got on; nil when none did.
    ///   - parallel: Requests that the upstream's budget allows at once now.
    package init(
        range: BackfillRange,
        coverage: [Coverage],
        history: CoverageDensity?,
        pace: BackfillPace?,
        parallel: Int
    ) {
        self.range = range
        self.parallel = max(1, parallel)
        stretches = coverage
        basis = Self.basis(coverage, isOneAgent: range.agentID != nil, history: history)
        complete = Self.complete(range, coverage)
        jobs = range.slices - complete
        let seconds = Int64(jobs) * range.sliceSeconds
        let perSecond = basis.density.map { Double($0.calls) / Double(max(1, $0.seconds)) }
        calls = perSecond.map { Int((Double(seconds) * $0).rounded()) }
        let perSlice = (perSecond ?? 0) * Double(range.sliceSeconds)
        let pages = max(1, (perSlice / Double(Self.callsPerPage)).rounded(.up))
        requests = jobs * Int(pages) + (calls ?? 0)
        isMeasured = (pace?.requestsPerPermit ?? 0) > 0
        requestSeconds =
            pace.flatMap { $0.requestsPerPermit > 0 ? 1 / $0.requestsPerPermit : nil }
            ?? Self.requestSecondsAssumed
        time = .seconds(Double(requests) * requestSeconds / Double(self.parallel))
    }

    /// How many slices from a position on are covered whole; one walk through both, for both are in
    /// order.
    package static func complete(
        _ range: BackfillRange,
        _ coverage: [Coverage],
        from begin: Int = 0
    ) -> Int {
        guard !range.rereads, begin < range.slices else { return 0 }
        var complete = 0
        var merged = coverage[...]
        for position in begin..<range.slices {
            let slice = range.slice(position)
            while let first = merged.first, first.toUnix < slice.upperBound {
                merged = merged.dropFirst()
            }
            guard let first = merged.first else { break }
            if first.fromUnix <= slice.lowerBound { complete += 1 }
        }
        return complete
    }

    private static func basis(
        _ coverage: [Coverage],
        isOneAgent: Bool,
        history: CoverageDensity?
    ) -> Basis {
        let own = CoverageDensity(
            calls: coverage.reduce(0) { $0 + $1.calls },
            seconds: coverage.reduce(0) { $0 + ($1.toUnix - $1.fromUnix) }
        )
        // What all agents' ranges hold says nothing of one agent.
        if own.seconds >= rangeBasisMin, !isOneAgent { return .range(own) }
        if let history, history.seconds > 0 { return .history(history) }
        return .none
    }
}
