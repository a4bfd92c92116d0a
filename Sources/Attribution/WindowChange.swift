package import CallStore

/// For which calls a change of a campaign's window holds, by their start.
package enum WindowReach: Sendable, Equatable {
    /// Calls from this second on; those before keep the old length, in every recompute.
    case fromNow(Int64)

    /// Calls that start in a range, to exclusive.
    case range(fromUnix: Int64, toUnix: Int64)
    case everything

    /// The calls that have to be decided again; nil when none are there yet.
    package var recompute: (fromUnix: Int64, toUnix: Int64)? {
        switch self {
        case .fromNow: nil
        case .range(let from, let to): (from, to)
        case .everything: (0, Self.endOfTime)
        }
    }

    /// 9999-12-31, Unix seconds.
    package static let endOfTime: Int64 = 253_402_214_400
}

extension Campaign {
    /// The campaign with another length of window for some calls.
    ///
    /// - Parameters:
    ///   - days: The new length, 1 to 3660.
    ///   - reach: For which calls.
    ///   - now: Which length is the present one.
    /// - Returns: The campaign, with the fewest spans that say it.
    package func settingWindow(days: Int, for reach: WindowReach, nowUnix now: Int64) -> Campaign {
        var campaign = self
        switch reach {
        case .everything:
            campaign.windows = []
            campaign.windowDays = days
            return campaign
        case .fromNow(let from):
            campaign.windows = spans(setting: days, fromUnix: from, toUnix: nil)
        case .range(let from, let to):
            campaign.windows = spans(setting: days, fromUnix: from, toUnix: to)
        }
        campaign.windowDays = campaign.windowDays(atUnix: now)
        if campaign.windows.count == 1 { campaign.windows = [] }
        return campaign
    }

    private func spans(setting days: Int, fromUnix: Int64, toUnix: Int64?) -> [WindowSpan] {
        let beginning: Int64 = 0
        var spans =
            windows.isEmpty ? [WindowSpan(fromUnix: beginning, days: windowDays)] : windows
        let after = toUnix.map { to in
            WindowSpan(fromUnix: to, days: windowDays(atUnix: to))
        }
        spans.removeAll { span in
            span.fromUnix >= fromUnix && toUnix.map { span.fromUnix <= $0 } ?? true
        }
        spans.append(WindowSpan(fromUnix: fromUnix, days: days))
        if let after { spans.append(after) }
        spans.sort { $0.fromUnix < $1.fromUnix }
        var fewest: [WindowSpan] = []
        for span in spans where span.days != fewest.last?.days { fewest.append(span) }
        return fewest
    }
}
