import CallStore
import Synchronization

/// Remembers for a short time who asked for what, in this process and nowhere else.
///
/// What it remembers is bounded: beyond `PublicLimits.rememberedMax` it forgets what is over and,
/// where all of it still holds, everything.
final class VisitorLog: Sendable {
    private struct Visit: Hashable {
        var visitor: String
        var token: String
        var kind: Touch.Kind
    }

    private struct Span {
        var since: Duration
        var count: Int
    }

    private struct State {
        var spans: [String: Span] = [:]
        var visits: [Visit: Duration] = [:]
    }

    private let elapsed: @Sendable () -> Duration
    private let state = Mutex(State())

    init(elapsed: @escaping @Sendable () -> Duration) {
        self.elapsed = elapsed
    }

    /// Counts a request; false when the visitor had too many of late.
    func admit(_ visitor: String) -> Bool {
        let now = elapsed()
        return state.withLock { state in
            if state.spans.count >= PublicLimits.rememberedMax, state.spans[visitor] == nil {
                state.spans = state.spans.filter { now - $0.value.since < PublicLimits.rateSpan }
                if state.spans.count >= PublicLimits.rememberedMax { state.spans = [:] }
            }
            var span = state.spans[visitor] ?? Span(since: now, count: 0)
            if now - span.since >= PublicLimits.rateSpan { span = Span(since: now, count: 0) }
            span.count += 1
            state.spans[visitor] = span
            return span.count <= PublicLimits.requestsMax
        }
    }

    /// Whether the visitor did not do just this a moment ago.
    func isNew(_ visitor: String, token: String, kind: Touch.Kind) -> Bool {
        let now = elapsed()
        let visit = Visit(visitor: visitor, token: token, kind: kind)
        return state.withLock { state in
            if let last = state.visits[visit], now - last < PublicLimits.repeatSpan { return false }
            if state.visits.count >= PublicLimits.rememberedMax {
                state.visits = state.visits.filter { now - $0.value < PublicLimits.repeatSpan }
                if state.visits.count >= PublicLimits.rememberedMax { state.visits = [:] }
            }
            state.visits[visit] = now
            return true
        }
    }
}
