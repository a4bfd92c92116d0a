package import CallStore
import Foundation

/// How fast a backfill gets on, told from samples of its past; pure.
///
/// The rate is kept per request that the upstream's budget allows at once: when the budget is
/// halved, the estimate follows with the next look, before a single slower slice has ended. What
/// else changes, such as an upstream that answers more slowly, shows by and by: an interval counts
/// half as much as one that is a half-life younger.
package struct BackfillPace: Sendable, Equatable {
    /// Age at which an interval counts half, in seconds: several slices of a slow upstream end in
    /// it, and after ten minutes little is left of what was before.
    package static let halfLife: Double = 240

    /// A longer time between two samples is no interval: nobody fed then.
    package static let gapSecondsMax: Double = 120

    /// Slices that end in a second, for each request that is allowed at once.
    package var slicesPerPermit: Double

    /// Requests to the upstream that are made in a second, for each that is allowed at once.
    package var requestsPerPermit: Double

    /// Requests that are allowed at once now.
    package var parallel: Int

    /// The pace of a backfill; nil when its samples say nothing yet.
    ///
    /// - Parameters:
    ///   - samples: Oldest first.
    ///   - parallel: Requests that the upstream's budget allows at once now.
    package init?(samples: [PaceSample], parallel: Int) {
        var permits = 0.0
        var slices = 0.0
        var requests = 0.0
        guard let newest = samples.last?.atMilliseconds else { return nil }
        for (before, after) in zip(samples, samples.dropFirst()) {
            let seconds = Double(after.atMilliseconds - before.atMilliseconds) / 1000
            guard seconds > 0, seconds <= Self.gapSecondsMax else { continue }
            let age = Double(newest - after.atMilliseconds) / 1000
            let weight = exp2(-age / Self.halfLife)
            permits += weight * seconds * Double(before.parallel + after.parallel) / 2
            slices += weight * Double(max(0, after.ended - before.ended))
            requests += weight * Double(max(0, after.requests - before.requests))
        }
        guard permits > 0, slices > 0 else { return nil }
        slicesPerPermit = slices / permits
        requestsPerPermit = requests / permits
        self.parallel = max(1, parallel)
    }

    /// Slices that end in a second at the present budget.
    package var slicesPerSecond: Double { slicesPerPermit * Double(parallel) }

    /// Time until so many slices have ended, at the present budget.
    package func time(for slices: Int) -> Duration {
        guard slices > 0 else { return .zero }
        let seconds = Double(slices) / slicesPerSecond
        // A hundred years are as good as never, and fit.
        return .seconds(min(seconds, 100 * 365 * 86_400))
    }
}
