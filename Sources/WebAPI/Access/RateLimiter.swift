import Synchronization

/// How often each client may ask, by what it asks for.
package final class RateLimiter: Sendable {
    /// What is counted apart.
    package enum Kind: Sendable, Hashable {
        case request

        /// What anybody may write.
        case publicChange

        /// A token that is tried out.
        case signIn

        /// How many may come at once, and how many per second after that.
        var burst: Double {
            switch self {
            case .request: WebLimits.requestsBurst
            case .publicChange: WebLimits.publicChangesBurst
            case .signIn: WebLimits.signInsBurst
            }
        }

        var perSecond: Double {
            switch self {
            case .request: WebLimits.requestsPerSecond
            case .publicChange: WebLimits.publicChangesPerSecond
            case .signIn: WebLimits.signInsPerSecond
            }
        }
    }

    private struct Key: Hashable {
        let kind: Kind
        let client: String
    }

    private struct Bucket {
        var tokens: Double
        var at: Duration

        func filled(at now: Duration, _ kind: Kind) -> Double {
            let passed = max(0, (now - at) / .seconds(1))
            return min(kind.burst, tokens + passed * kind.perSecond)
        }
    }

    private let elapsed: @Sendable () -> Duration
    private let buckets = Mutex<[Key: Bucket]>([:])

    package init(elapsed: @escaping @Sendable () -> Duration) {
        self.elapsed = elapsed
    }

    /// Counts one request.
    ///
    /// - Returns: Nil when it may go on; else the seconds after which the next one may.
    package func take(_ kind: Kind, of client: String) -> Int? {
        let now = elapsed()
        let key = Key(kind: kind, client: TrustedProxies.group(of: client))
        return buckets.withLock { buckets in
            if buckets[key] == nil, buckets.count >= WebLimits.clientsMax {
                buckets = buckets.filter { key, bucket in
                    bucket.filled(at: now, key.kind) < key.kind.burst
                }
                // All of them are busy: forgetting them is better than growing.
                if buckets.count >= WebLimits.clientsMax { buckets = [:] }
            }
            var bucket = buckets[key] ?? Bucket(tokens: kind.burst, at: now)
            bucket.tokens = bucket.filled(at: now, kind)
            bucket.at = now
            defer { buckets[key] = bucket }
            guard bucket.tokens >= 1 else {
                return Int(((1 - bucket.tokens) / kind.perSecond).rounded(.up))
            }
            bucket.tokens -= 1
            return nil
        }
    }
}
