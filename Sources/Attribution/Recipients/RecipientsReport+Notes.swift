package import CallStore

extension RecipientsReport {
    /// What the audit log says of an import.
    package var noted: [String: StoredValue] {
        ["imported": .integer(Int64(imported)), "rejected": .integer(Int64(rejected))]
    }

    /// Its figures under the names by which programs read them.
    package var figures: [(name: String, count: Int)] {
        [
            ("rows", rows), ("imported", imported), ("rejected", rejected), ("repeated", repeated),
            ("touches", touches), ("campaignsCreated", campaignsCreated),
            ("duplicates", duplicates), ("acrossCampaigns", acrossCampaigns),
            ("variantPairs", variantPairs), ("plusAdded", plusAdded), ("heldOut", heldOut),
        ]
    }
}
