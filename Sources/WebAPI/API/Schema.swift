import Reports

/// What a value of the API looks like, as the API's description says it.
indirect enum Schema: Sendable {
    case text
    case instant
    case day
    case bool
    case integer(ClosedRange<Int>?)
    case number
    case words([String])
    case list(Schema)
    case object([Member])
    case anything

    /// An object whose members are not known beforehand.
    case anyObject

    /// A value that may be null.
    case optional(Schema)

    /// A text of so many bytes at most.
    case bounded(ClosedRange<Int>)

    struct Member: Sendable {
        let name: String
        let schema: Schema
        let isRequired: Bool
    }

    static let count = Schema.integer(nil)
    static let identifier = Schema.integer(1...Int(Int64.max))

    /// An object all of whose members are there.
    static func fields(_ members: (String, Schema)...) -> Schema {
        .object(members.map { Member(name: $0.0, schema: $0.1, isRequired: true) })
    }

    /// An object with further members that are all there.
    func adding(_ members: (String, Schema)...) -> Schema {
        guard case .object(let own) = self else { return self }
        return .object(
            own + members.map { Member(name: $0.0, schema: $0.1, isRequired: true) }
        )
    }

    /// What is sent: members that may be left out may be null, too.
    static func sent(
        _ required: [(String, Schema)],
        optional: [(String, Schema)] = []
    ) -> Schema {
        .object(
            required.map { Member(name: $0.0, schema: $0.1, isRequired: true) }
                + optional.map { Member(name: $0.0, schema: .optional($0.1), isRequired: false) }
        )
    }

    /// A page of a list.
    static func page(_ item: Schema) -> Schema {
        .fields(("items", .list(item)), ("next", .optional(.text)))
    }

    static func word<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> Schema
    where Word.RawValue == String {
        .words(Word.allCases.map(\.rawValue))
    }

    var json: JSONValue {
        switch self {
        case .text: Self.type("string")
        case .instant: Self.type("string", ("format", .text("date-time")))
        case .day: Self.type("string", ("format", .text("date")))
        case .bool: Self.type("boolean")
        case .integer(let range?):
            Self.type(
                "integer",
                ("minimum", .count(range.lowerBound)),
                ("maximum", .count(range.upperBound))
            )
        case .integer(nil): Self.type("integer")
        case .number: Self.type("number")
        case .words(let words):
            Self.type("string", ("enum", .list(words.map { .text($0) })))
        case .bounded(let range):
            Self.type(
                "string",
                ("minLength", .count(range.lowerBound)),
                ("maxLength", .count(range.upperBound))
            )
        case .list(let item): Self.type("array", ("items", item.json))
        case .anything: .object([])
        case .anyObject: Self.type("object")
        case .optional(.anything): .object([])
        case .optional(let schema):
            .fields(("anyOf", .list([schema.json, Self.type("null")])))
        case .object(let members): Self.object(members)
        }
    }

    private static func type(_ name: String, _ more: (String, JSONValue)...) -> JSONValue {
        .object(
            [.init(name: "type", value: .text(name))]
                + more.map { .init(name: $0.0, value: $0.1) }
        )
    }

    private static func object(_ members: [Member]) -> JSONValue {
        type(
            "object",
            ("additionalProperties", .bool(false)),
            ("required", .list(members.filter(\.isRequired).map { .text($0.name) })),
            (
                "properties",
                .object(members.map { .init(name: $0.name, value: $0.schema.json) })
            )
        )
    }
}
