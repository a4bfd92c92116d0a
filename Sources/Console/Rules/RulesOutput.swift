import CallStore
package import Conversion
package import Reports

/// Versions of the rules and their differences, as the commands show them.
package enum RulesOutput {
    static func json(_ set: RuleSet, file: String?) -> JSONValue {
        .fields(
            ("file", .optional(file)),
            ("name", .text(set.name)),
            ("version", .text(set.version)),
            ("form", .text(set.form.rawValue)),
            (
                "rules",
                .list(
                    set.rules.map {
                        .fields(
                            ("id", .text($0.id)),
                            ("type", .text($0.type)),
                            ("version", .text($0.version)),
                            ("echo", .text($0.echo))
                        )
                    }
                )
            )
        )
    }

    /// What a version is used for; the file's is in use while no version was made active.
    static func state(_ version: RuleVersionSummary, file: RuleSet?) -> String {
        if let role = version.role { return role.rawValue }
        if version.version == file?.version { return "active" }
        return version.wasActive || version.calls > 0 ? "replaced" : "draft"
    }

    static func json(_ version: RuleVersionSummary, file: RuleSet?) -> JSONValue {
        .fields(
            ("version", .text(version.version)),
            ("name", .text(version.name)),
            ("state", .text(state(version, file: file))),
            ("types", .list(version.types.map { .text($0) })),
            ("calls", .count(version.calls)),
            ("firstUsed", .text(TimeText.iso(milliseconds: version.firstUsedMilliseconds))),
            ("hasText", .bool(version.hasText))
        )
    }

    static func table(_ versions: [RuleVersionSummary], file: RuleSet?) -> Table {
        var table = Table(
            .init("VERSION"),
            .init("NAME"),
            .init("STATE"),
            .init("TYPES"),
            .init("CALLS", .right),
            .init("FIRST USED")
        )
        for version in versions {
            table.add(
                version.version,
                version.name,
                state(version, file: file),
                version.types.joined(separator: ", "),
                "\(version.calls)",
                TimeText.iso(milliseconds: version.firstUsedMilliseconds)
            )
        }
        return table
    }

    package static func json(
        _ differences: [RuleDifference],
        from old: RuleSet,
        to new: RuleSet
    )
        -> JSONValue
    {
        .fields(
            ("from", .text(old.version)),
            ("to", .text(new.version)),
            (
                "rules",
                .list(
                    differences.map {
                        .fields(
                            ("rule", .text($0.rule)),
                            ("kind", .text($0.kind.rawValue)),
                            ("before", .optional($0.before)),
                            ("after", .optional($0.after))
                        )
                    }
                )
            ),
            (
                "lines",
                LineDifference(from: old.source, to: new.source).map {
                    .list($0.lines.map(json))
                } ?? .null
            )
        )
    }

    private static func json(_ line: LineDifference.Line) -> JSONValue {
        .fields(
            ("kind", .text(line.kind.rawValue)),
            ("old", .optional(line.old)),
            ("new", .optional(line.new)),
            ("text", .text(line.text))
        )
    }

    /// In words, and line by line.
    package static func text(
        _ differences: [RuleDifference],
        from old: RuleSet,
        to new: RuleSet
    ) -> String {
        let lines = LineDifference(from: old.source, to: new.source)
        if old.version == new.version, lines?.isEmpty == true { return "the same rules\n" }
        var text = "from \(old.version) (\(old.name)) to \(new.version) (\(new.name))\n"
        if old.version == new.version { text += "the same rules, written in another way\n" }
        for difference in differences {
            text += "\(difference.rule): \(difference.kind.rawValue)\n"
            if let before = difference.before { text += "  - \(before)\n" }
            if difference.kind != .moved, let after = difference.after { text += "  + \(after)\n" }
        }
        guard let lines else {
            return text
                + "\nthe texts differ in over \(LineDifference.linesMax) lines: not shown one by one\n"
        }
        guard !lines.isEmpty else { return text }
        var table = Table(
            .init("FROM", .right),
            .init("TO", .right),
            .init("CHANGE"),
            .init("LINE")
        )
        for line in lines.lines { table.add(cells(of: line)) }
        return text + "\n" + table.rendered()
    }

    private static func cells(of line: LineDifference.Line) -> [String] {
        let sign =
            switch line.kind {
            case .skipped: "…"
            case .same: ""
            case .added: "+"
            case .removed: "-"
            }
        return [
            line.old.map { "\($0)" } ?? "", line.new.map { "\($0)" } ?? "", sign,
            line.kind == .skipped ? "\(line.text) lines that are the same" : line.text,
        ]
    }
}
