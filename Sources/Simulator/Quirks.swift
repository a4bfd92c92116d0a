/// What happens to calls after their end, and how large they are; decided by the index alone.
struct Quirks: Sendable, Equatable {
    private let seed: UInt64
    private let lateRatings: Double
    private let reruns: Double

    /// Characters that the first words of a big transcript have.
    private let bigCharacters: Int

    /// Nothing happens later than this after a call's end, in seconds.
    static let latest = 3 * 86_400

    init(_ profile: FaultProfile, seed: UInt64) {
        self.seed = seed
        lateRatings = profile[.lateRatings]
        reruns = profile[.rerunAnalysis]
        bigCharacters = Int(profile[.bigTranscripts])
    }

    /// Whether anything happens to calls after their end that a webhook tells of.
    var hasReruns: Bool { reruns > 0 }

    /// How long after its end the call is analysed anew, in seconds; nil when it is not.
    func rerun(_ index: Int) -> Int? {
        guard reruns > 0 else { return nil }
        var draw = Draw(seed: seed, stream: .rerun, index: index)
        return draw.chance(reruns) ? draw.int(in: 600...Self.latest) : nil
    }

    /// Whether the upstream sends an event for the new analysis: it is not documented, so every
    /// second time.
    static func announcesRerun(_ index: Int) -> Bool { index % 2 == 0 }

    /// How long after its end the rating comes, in seconds, and whether it takes the place of
    /// another one; nil when it is there at once.
    func lateRating(_ index: Int) -> (seconds: Int, replaces: Bool)? {
        guard lateRatings > 0 else { return nil }
        var draw = Draw(seed: seed, stream: .rerun, index: -1 - index)
        guard draw.chance(lateRatings) else { return nil }
        return (draw.int(in: 600...Self.latest), draw.chance(0.4))
    }

    /// Characters to be added to the first words of the call; none for most.
    func bigCharacters(_ index: Int) -> Int { index % 499 == 250 ? bigCharacters : 0 }
}
