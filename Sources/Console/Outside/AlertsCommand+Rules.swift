import ArgumentParser
import CallStore
import Delivery
import Hosting
import Reports

extension AlertRule: ExpressibleByArgument {}

extension AlertsCommand {
    struct Rules: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "rules",
            abstract: "The rules, whether each is looked at, and from where on it fires."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let settings = try await session.withStore { try await $0.alertSettings() }
            let rules = AlertRule.allCases.map { AlertRuleRow($0, settings) }
            if output.json {
                session.terminal.show(.list(rules.map { JSONValue($0.fields) }))
                return
            }
            var table = Table(
                .init("RULE"),
                .init("STATE"),
                .init("FIRES FROM", .right),
                .init("SET BY"),
                .init("MEANS")
            )
            for rule in rules {
                table.add(
                    rule.rule.rawValue,
                    rule.isOn ? "on" : "off",
                    rule.words ?? "",
                    rule.person ?? "",
                    rule.rule.title
                )
            }
            session.terminal.write(table.rendered(none: "There are no rules."))
        }
    }

    struct Set: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Switch a rule on or off, or say from where on it fires.",
            discussion: "`ringback alerts rules` shows the units."
        )

        @Argument(help: "The rule.")
        var rule: AlertRule

        @Flag(inversion: .prefixedNo, help: "Whether it is looked at.")
        var on: Bool?

        @Option(help: "From where on it fires, in its own unit.")
        var threshold: Double?

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard on != nil || threshold != nil else {
                throw ValidationError("Say --on, --no-on or --threshold.")
            }
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let old = try await store.alertSettings().first { $0.rule == rule.rawValue }
                let setting: AlertSetting
                do throws(StoreError) {
                    setting = try rule.setting(
                        isOn: on ?? old?.isOn ?? true,
                        threshold: threshold ?? old?.threshold,
                        by: session.person
                    )
                } catch {
                    throw StartFailure(.wrongUse, "\(error)")
                }
                try await store.write { try $0.set(setting) }
                try await AlertsCommand.tell(rule, store, output, session)
            }
        }
    }

    struct Reset: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset",
            abstract: "Let a rule be as it is shipped."
        )

        @Argument(help: "The rule.")
        var rule: AlertRule

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let (rule, person) = (rule.rawValue, session.person)
                _ = try await store.write { try $0.resetAlert(rule, by: person) }
                try await AlertsCommand.tell(self.rule, store, output, session)
            }
        }
    }

    fileprivate static func tell(
        _ rule: AlertRule,
        _ store: CallStore,
        _ output: OutputOptions,
        _ session: Session
    ) async throws {
        let row = AlertRuleRow(rule, try await store.alertSettings())
        if output.json {
            session.terminal.show(JSONValue(row.fields))
        } else {
            session.terminal.line(
                "\(rule.rawValue) is \(row.isOn ? "on" : "off")"
                    + (row.words.map { " and fires from \($0)" } ?? "")
            )
        }
    }
}
