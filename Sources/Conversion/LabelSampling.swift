package import Ambient
package import CallStore
import Foundation

/// Draws calls to be labelled.
package struct LabelSampling: Sendable {
    /// Calls of one sample.
    package static let sizeMax = 5000

    /// Every so many calls are labelled by a second person, too.
    package static let doubleEvery = 10

    /// Every so many labels are read only when a version is promoted.
    package static let heldBackEvery = 3

    private let store: CallStore
    private let ambient: Ambient

    package init(store: CallStore, ambient: Ambient) {
        self.store = store
        self.ambient = ambient
    }

    /// Draws a sample at random from the calls that started in a range, by stratum, and keeps it.
    ///
    /// - Parameters:
    ///   - type: The conversion type to ask for.
    ///   - rules: By whose verdicts the strata are made; the store keeps the version.
    ///   - fromUnix: Start of the call, Unix seconds, inclusive.
    ///   - toUnix: Start of the call, exclusive.
    ///   - size: Most calls, 1 to `sizeMax`.
    ///   - person: Who asks.
    /// - Returns: The sample; without entries, and then not kept, when there is no call.
    /// - Throws: `StoreError.unavailable` and others that concern the store as a whole.
    package func draw(
        type: String,
        rules: RuleSet,
        fromUnix: Int64,
        toUnix: Int64,
        size: Int,
        by person: String
    ) async throws(StoreError) -> LabelSample {
        precondition((1...Self.sizeMax).contains(size), "A sample has a limit.")
        let strata = LabelStrata(type: type, rules: rules)
        var random = AmbientDraws(ambient: ambient)
        var reservoirs: [LabelStratum: Reservoir] = [:]
        var position: CallID?
        let last = try await store.judgeable(fromUnix: fromUnix, toUnix: toUnix).last
        while let last {
            let calls = try await store.callsToJudge(
                fromUnix: fromUnix,
                toUnix: toUnix,
                after: position,
                upTo: last,
                limit: RescoreBatch.size
            )
            guard let end = calls.last else { break }
            for call in calls {
                let stratum = strata.stratum(of: CallFacts(call))
                reservoirs[stratum, default: Reservoir(capacity: size)]
                    .offer(call.call.id, using: &random)
            }
            position = end.call.id
        }
        let id = ambient.newID().uuidString.lowercased().prefix(8)
        let sample = LabelSample(
            id: LabelSampleID("ls-\(id)"),
            type: type,
            ruleVersion: rules.version,
            fromUnix: fromUnix,
            toUnix: toUnix,
            person: person,
            entries: Self.entries(reservoirs, size: size, using: &random)
        )
        guard !sample.entries.isEmpty else { return sample }
        try await store.write { writer in
            try writer.keep(rules.stored)
            try writer.add(sample)
        }
        return sample
    }

    private static func entries(
        _ reservoirs: [LabelStratum: Reservoir],
        size: Int,
        using random: inout AmbientDraws
    ) -> [LabelEntry] {
        let shares = shares(reservoirs.mapValues(\.seen), size: size)
        var drawn: [(CallID, LabelStratum, Double)] = []
        for stratum in LabelStratum.allCases {
            guard let reservoir = reservoirs[stratum], let count = shares[stratum], count > 0 else {
                continue
            }
            let weight = Double(reservoir.seen) / Double(count)
            let chosen = reservoir.items.shuffled(using: &random).prefix(count)
            drawn += chosen.map { ($0, stratum, weight) }
        }
        // The order must not give the stratum away.
        return drawn.shuffled(using: &random).enumerated().map { position, one in
            LabelEntry(
                call: one.0,
                stratum: one.1.rawValue,
                weight: one.2,
                isDouble: position % doubleEvery == 0,
                isHeldBack: position % heldBackEvery == heldBackEvery - 1
            )
        }
    }

    /// How many calls of each stratum: by its percentage, and what one cannot give to the others.
    package static func shares(_ sizes: [LabelStratum: Int], size: Int) -> [LabelStratum: Int] {
        var shares: [LabelStratum: Int] = [:]
        for stratum in LabelStratum.allCases {
            shares[stratum] = min(sizes[stratum] ?? 0, size * stratum.percent / 100)
        }
        var left = size - shares.values.reduce(0, +)
        // Recall is the expensive figure, so the calls that the rules say no to come first.
        for stratum in [LabelStratum.no, .yes, .net, .unknown] where left > 0 {
            let more = min(left, (sizes[stratum] ?? 0) - (shares[stratum] ?? 0))
            shares[stratum, default: 0] += more
            left -= more
        }
        return shares
    }
}

/// So many items out of any number, each as likely as the others.
struct Reservoir {
    private(set) var items: [CallID] = []
    private(set) var seen = 0
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func offer(_ item: CallID, using random: inout some RandomNumberGenerator) {
        seen += 1
        if items.count < capacity {
            items.append(item)
        } else {
            let place = Int.random(in: 0..<seen, using: &random)
            if place < capacity { items[place] = item }
        }
    }
}

/// Chance as it was passed in, for the standard library's algorithms.
struct AmbientDraws: RandomNumberGenerator {
    let ambient: Ambient

    mutating func next() -> UInt64 {
        // Two draws: one holds 53 bits.
        let high = UInt64(ambient.chance() * 0x1p32)
        let low = UInt64(ambient.chance() * 0x1p32)
        return high << 32 | low
    }
}
