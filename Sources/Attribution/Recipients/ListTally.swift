import PhoneNumbers

/// Tells rows that a list has twice, in a bounded space however long it is.
struct ListTally {
    /// Numbers that are remembered; of longer lists what comes after them is not compared.
    static let trackedMax = 4_000_000

    private var rows: Set<Int> = []
    private var numbers: Set<Int> = []

    /// Campaign and recipient were in an earlier row.
    private(set) var repeated = 0

    /// Another recipient of the campaign has the same number.
    private(set) var duplicates = 0

    /// Another recipient of the campaign has the number in another declared spelling.
    private(set) var variantPairs = 0

    /// Whether the list was longer than what is remembered.
    var isCut: Bool { rows.count >= Self.trackedMax }

    mutating func note(campaign: String, reference: String, number: String) {
        guard !isCut else { return }
        guard rows.insert(Self.digest(campaign, reference)).inserted else {
            repeated += 1
            return
        }
        for variant in DeclaredVariant.candidates(of: number)
        where numbers.contains(Self.digest(campaign, variant.text)) {
            variantPairs += 1
        }
        if !numbers.insert(Self.digest(campaign, number)).inserted { duplicates += 1 }
    }

    private static func digest(_ first: String, _ second: String) -> Int {
        var hasher = Hasher()
        hasher.combine(first)
        hasher.combine(second)
        return hasher.finalize()
    }
}
