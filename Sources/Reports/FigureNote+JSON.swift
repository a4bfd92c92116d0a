package import CallStore

extension FigureNote {
    package var json: JSONValue {
        .fields(
            ("day", .text(day.description)),
            ("at", .text(ISOTime.text(milliseconds: atMilliseconds))),
            ("kind", .text(kind.rawValue)),
            ("rules", .optional(version)),
            ("added", .count(added)),
            ("withdrawn", .count(withdrawn)),
            ("changed", .count(changed)),
            ("text", .text(text))
        )
    }
}

extension FigureRebuild {
    package var json: JSONValue {
        .fields(("reason", .text(reason.rawValue)), ("share", .number(share)))
    }

    /// One sentence for people.
    package var text: String {
        let why = reason == .zone ? "another report zone" : "other limits of an agent"
        return "Calls are being counted anew because of \(why), \(Int(share * 100)) % are; figures "
            + "of some days are still those of before."
    }
}
