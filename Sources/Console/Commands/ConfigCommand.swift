import ArgumentParser
import Reports
import Settings

/// `ringback config`.
struct ConfigCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "The settings in force, where each comes from and what it means."
    )

    @OptionGroup var output: OutputOptions

    func run(in session: Session) async throws {
        let rows = session.settings.rows
        if output.json {
            session.terminal.show(.list(rows.map(Self.json)))
            return
        }
        var table = Table(.init("NAME"), .init("VALUE"), .init("FROM"), .init("MEANING"))
        for row in rows {
            table.add(
                row.name.rawValue,
                row.shown ?? "-",
                row.shown == nil ? "" : row.origin.description,
                row.name.facts.meaning
            )
        }
        session.terminal.write(table.rendered())
        for name in session.settings.unknownNames {
            session.terminal.complain("\(name) looks like a setting and is none\n")
        }
    }

    private static func json(_ row: SettingRow) -> JSONValue {
        .fields(
            ("name", .text(row.name.rawValue)),
            ("value", .optional(row.shown)),
            ("from", .text(row.origin.description)),
            ("secret", .bool(row.name.facts.isSecret)),
            ("meaning", .text(row.name.facts.meaning)),
            ("example", .text(row.name.facts.example))
        )
    }
}
