import CallStore

/// The shapes of conversations, as existing front ends know them.
enum ConversationShapes {
    static let figures = Schema.fields(
        ("total_conversations", .count),
        ("total_duration_minutes", .number),
        ("average_conversation_duration", .number),
        (
            "conversations_by_status",
            .fields(("active", .count), ("completed", .count), ("abandoned", .count))
        ),
        ("conversations_by_date", .list(.fields(("date", .day), ("count", .count)))),
        ("top_agents", .list(.fields(("agent_id", .text), ("conversation_count", .count)))),
        (
            "user_satisfaction",
            .optional(.fields(("average_rating", .number), ("total_ratings", .count)))
        )
    )

    static let conversation = Schema.object([
        .init(name: "conversation_id", schema: .text, isRequired: true),
        .init(name: "agent_id", schema: .text, isRequired: true),
        .init(name: "user_id", schema: .text, isRequired: false),
        .init(name: "start_time", schema: .instant, isRequired: true),
        .init(name: "end_time", schema: .instant, isRequired: false),
        .init(name: "duration_seconds", schema: .count, isRequired: false),
        .init(name: "messages_count", schema: .count, isRequired: true),
        .init(name: "status", schema: .word(Conversation.State.self), isRequired: true),
        .init(name: "metadata", schema: .anything, isRequired: false),
    ])

    static let message = Schema.fields(
        ("role", .words(["user", "assistant"])),
        ("content", .text),
        ("timestamp", .instant)
    )

    private static let further: [(String, Schema)] = [
        ("user_id", .bounded(1...256)),
        ("end_time", .text),
        ("duration_seconds", .number),
        ("messages_count", .number),
        ("status", .word(Conversation.State.self)),
        ("metadata", .object([])),
    ]

    static let new = Schema.sent(
        [
            ("conversation_id", .bounded(1...128)), ("agent_id", .bounded(1...256)),
            ("start_time", .text),
        ],
        optional: further
    )

    static let change = Schema.sent(
        [],
        optional: [
            ("conversation_id", .bounded(1...128)), ("agent_id", .bounded(1...256)),
            ("start_time", .text),
        ] + further
    )
}
