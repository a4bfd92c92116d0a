import CallStore
import Conversion
import Reports

/// What judging calls anew does or would do, as the commands show it.
enum RescoreText {
    static func tell(
        _ id: RescoreID,
        did what: String,
        dryRun: Bool,
        json: Bool,
        _ terminal: Terminal
    ) {
        if json {
            terminal.show(
                .fields(("id", .text(id.text)), (what, .bool(!dryRun)), ("dryRun", .bool(dryRun)))
            )
        } else {
            terminal.line("\(id) \(dryRun ? "would be " : "")\(what)")
        }
    }

    // MARK: Before

    static func text(_ preview: RescorePreview) -> String {
        let tally = preview.tally
        var text =
            "\(tally.added) calls become conversions, \(tally.withdrawn) stop being, "
            + "\(tally.changed) change type or value (of \(tally.lookedAt)); rate "
            + "\(rate(preview.before, tally.lookedAt)) -> \(rate(preview.after, tally.lookedAt))\n"
        if tally.locked > 0 {
            text += "\(tally.locked) calls of closed months or without content stay as they are\n"
        }
        var table = Table(
            .init("CAMPAIGN"),
            .init("CALLS", .right),
            .init("BEFORE", .right),
            .init("AFTER", .right),
            .init("ADDED", .right),
            .init("WITHDRAWN", .right)
        )
        for part in preview.parts {
            table.add(
                part.campaign ?? "(none)",
                "\(part.calls)",
                "\(part.before)",
                "\(part.after)",
                "\(part.added)",
                "\(part.withdrawn)"
            )
        }
        text += table.rendered(none: "No calls.")
        if !preview.changes.isEmpty { text += Self.table(preview.changes).rendered() }
        return text
    }

    private static func rate(_ part: Int, _ whole: Int) -> String {
        guard whole > 0 else { return "-" }
        let thousandths = (Double(part) / Double(whole) * 1000).rounded()
        return "\(Int(thousandths) / 10).\(Int(thousandths) % 10) %"
    }

    static func json(_ preview: RescorePreview, id: RescoreID?) -> JSONValue {
        .fields(
            ("id", .optional(id?.text)),
            ("calls", .count(preview.tally.lookedAt)),
            ("conversionsBefore", .count(preview.before)),
            ("conversionsAfter", .count(preview.after)),
            ("added", .count(preview.tally.added)),
            ("withdrawn", .count(preview.tally.withdrawn)),
            ("changed", .count(preview.tally.changed)),
            ("locked", .count(preview.tally.locked)),
            (
                "campaigns",
                .list(
                    preview.parts.map {
                        .fields(
                            ("campaign", .optional($0.campaign)),
                            ("calls", .count($0.calls)),
                            ("conversionsBefore", .count($0.before)),
                            ("conversionsAfter", .count($0.after)),
                            ("added", .count($0.added)),
                            ("withdrawn", .count($0.withdrawn))
                        )
                    }
                )
            ),
            ("changes", .list(preview.changes.map(json)))
        )
    }

    // MARK: While and after

    static func text(_ rescore: Rescore) -> String {
        let tally = rescore.tally
        var text =
            "\(rescore.id): \(rescore.state.rawValue), \(tally.lookedAt) of \(rescore.calls) calls by "
            + "version \(rescore.order.version)\n"
            + "  \(tally.added) added, \(tally.withdrawn) withdrawn, \(tally.changed) changed, "
            + "\(tally.locked) in closed months or without content\n"
            + "  started \(TimeText.iso(milliseconds: rescore.createdMilliseconds)) by "
            + "\(rescore.order.person)\n"
        if let reason = rescore.order.closedReason {
            text += "  closed months are changed: \(reason)\n"
        }
        if let seconds = rescore.secondsLeft {
            text += "  about \(TimeText.duration(.seconds(seconds))) of work left\n"
        }
        return text
    }

    static func json(_ rescore: Rescore) -> JSONValue {
        .fields(
            ("id", .text(rescore.id.text)),
            ("state", .text(rescore.state.rawValue)),
            ("version", .text(rescore.order.version)),
            ("from", .text(TimeText.iso(unix: rescore.order.fromUnix))),
            ("to", .text(TimeText.iso(unix: rescore.order.toUnix))),
            ("calls", .count(rescore.calls)),
            ("lookedAt", .count(rescore.tally.lookedAt)),
            ("added", .count(rescore.tally.added)),
            ("withdrawn", .count(rescore.tally.withdrawn)),
            ("changed", .count(rescore.tally.changed)),
            ("locked", .count(rescore.tally.locked)),
            ("secondsLeft", .optional(rescore.secondsLeft)),
            ("closedReason", .optional(rescore.order.closedReason)),
            ("by", .text(rescore.order.person)),
            ("started", .text(TimeText.iso(milliseconds: rescore.createdMilliseconds))),
            (
                "ended",
                .optional(rescore.endedMilliseconds.map { TimeText.iso(milliseconds: $0) })
            )
        )
    }

    static func table(_ rescores: [Rescore]) -> Table {
        var table = Table(
            .init("ID"),
            .init("STATE"),
            .init("VERSION"),
            .init("CALLS", .right),
            .init("DONE", .right),
            .init("ADDED", .right),
            .init("WITHDRAWN", .right),
            .init("STARTED")
        )
        for rescore in rescores {
            table.add(
                rescore.id.text,
                rescore.state.rawValue,
                rescore.order.version,
                "\(rescore.calls)",
                "\(rescore.tally.lookedAt)",
                "\(rescore.tally.added)",
                "\(rescore.tally.withdrawn)",
                TimeText.iso(milliseconds: rescore.createdMilliseconds)
            )
        }
        return table
    }

    static func json(_ change: RescoreChange) -> JSONValue {
        .fields(
            ("conversation", .text(change.conversationID)),
            ("kind", .text(change.kind.rawValue)),
            ("typeBefore", .optional(change.typeBefore)),
            ("typeAfter", .optional(change.typeAfter)),
            ("valueBefore", .optional(change.worthBefore?.text)),
            ("valueAfter", .optional(change.worthAfter?.text))
        )
    }

    static func table(_ changes: [RescoreChange]) -> Table {
        var table = Table(
            .init("CONVERSATION"),
            .init("CHANGE"),
            .init("BEFORE"),
            .init("AFTER")
        )
        for change in changes {
            table.add(
                change.conversationID,
                change.kind.rawValue,
                side(change.typeBefore, change.worthBefore),
                side(change.typeAfter, change.worthAfter)
            )
        }
        return table
    }

    private static func side(_ type: String?, _ worth: Money?) -> String {
        [type, worth?.text].compactMap(\.self).joined(separator: ", ")
    }
}
