import CallStore

/// What one call looks like with everything around it; `CallDocument` writes it.
enum CallSchema {
    static let document = Schema.fields(
        ("id", .identifier),
        ("conversation", .text),
        ("workspace", .text),
        ("agent", .text),
        ("agentName", .optional(.text)),
        ("status", .text),
        ("started", .optional(.instant)),
        ("durationSeconds", .optional(.count)),
        ("channel", .optional(.text)),
        ("direction", .optional(.text)),
        ("caller", .optional(.text)),
        ("callerClass", .optional(.text)),
        ("firstTimeCaller", .optional(.bool)),
        ("outcome", .text),
        ("language", .optional(.text)),
        ("title", .optional(.text)),
        ("summary", .optional(.text)),
        ("revision", .count),
        ("attribution", .optional(attribution)),
        ("history", .list(change)),
        ("conversion", .optional(conversion)),
        ("exclusion", .optional(exclusion)),
        ("tags", .list(.text)),
        ("archive", archive),
        ("verdicts", .list(verdict)),
        ("transcript", .list(turn))
    )

    private static let attribution = Schema.fields(
        ("campaignID", .optional(.identifier)),
        ("campaign", .optional(.text)),
        ("method", .text),
        ("confidence", .optional(.text)),
        ("reason", .optional(.text)),
        ("pinned", .bool),
        ("by", .text),
        ("at", .instant),
        ("evidence", .anyObject)
    )

    private static let change = Schema.fields(
        ("at", .instant),
        ("by", .text),
        ("campaignBefore", .optional(.identifier)),
        ("campaign", .optional(.identifier)),
        ("method", .text),
        ("note", .optional(.text)),
        ("evidence", .anyObject)
    )

    private static let conversion = Schema.fields(
        ("outcome", .word(Ternary.self)),
        ("type", .optional(.text)),
        ("rules", .optional(.word(Ternary.self))),
        ("needsReview", .bool),
        ("note", .optional(.text)),
        ("at", .instant)
    )

    private static let exclusion = Schema.fields(
        ("reason", .word(ExclusionReason.self)),
        ("by", .text),
        ("note", .optional(.text)),
        ("at", .instant)
    )

    /// A value that was replaced can be of any kind.
    private static let archive = Schema.fields(
        ("arrivedBy", .optional(.text)),
        ("webhook", .optional(.instant)),
        ("changedLater", .optional(.instant)),
        ("goneUpstream", .optional(.instant)),
        ("upstreamExpires", .optional(.instant)),
        (
            "changes",
            .list(.fields(("at", .instant), ("field", .text), ("before", .anything)))
        )
    )

    /// A piece of evidence has the members that its leaf of the rule gives it.
    private static let verdict = Schema.fields(
        ("type", .text),
        ("outcome", .word(Ternary.self)),
        ("rule", .text),
        ("evidence", .list(.anything))
    )

    private static let turn = Schema.fields(
        ("seconds", .count),
        ("speaker", .words(["caller", "agent"])),
        ("message", .optional(.text))
    )
}
