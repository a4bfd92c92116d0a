import ArgumentParser
package import Conversion
import Foundation
package import Hosting
import Settings

/// `ringback rules`.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "What counts as a conversion.",
        subcommands: [Check.self]
    )

    struct Check: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check rules files and say them in words."
        )

        @Argument(help: "A file, or a folder of files; the one of RINGBACK_RULES if left out.")
        var path: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let files = try RulesBook.files(path ?? session.settings.rulesPath)
            var sets: [(String, RuleSet)] = []
            for file in files { sets.append((file, try RulesBook.load(file))) }
            if output.json {
                session.terminal.show(.list(sets.map { json(file: $0.0, $0.1) }))
                return
            }
            for (file, set) in sets {
                session.terminal.line("\(file): \(set.name), version \(set.version.prefix(12))")
                for rule in set.rules { session.terminal.line("  \(rule.id): \(rule.echo)") }
            }
        }

        private func json(file: String, _ set: RuleSet) -> JSONValue {
            .fields(
                ("file", .text(file)),
                ("name", .text(set.name)),
                ("version", .text(set.version)),
                (
                    "rules",
                    .list(
                        set.rules.map {
                            .fields(
                                ("id", .text($0.id)),
                                ("type", .text($0.type)),
                                ("echo", .text($0.echo))
                            )
                        }
                    )
                )
            )
        }
    }
}

/// Rules files of a path.
package enum RulesBook {
    /// Files of a folder that are looked at.
    private static let filesMax = 100

    package static func load(_ path: String) throws(StartFailure) -> RuleSet {
        do {
            return try RulesFile.load(URL(fileURLWithPath: path))
        } catch {
            throw StartFailure(.failed, error.description)
        }
    }

    static func files(_ path: String) throws(StartFailure) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw StartFailure(
                .failed,
                "\(path) does not exist; set RINGBACK_RULES to a rules file or a folder of them"
            )
        }
        guard isFolder.boolValue else { return [path] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw StartFailure(.failed, "\(path) cannot be read (\(error.localizedDescription))")
        }
        let yaml = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        guard !yaml.isEmpty, yaml.count <= filesMax else {
            throw StartFailure(.failed, "\(path) holds no rules files, or over \(filesMax)")
        }
        return yaml.map { path + "/" + $0 }
    }
}
