import ArgumentParser
import CallStore
package import Conversion
import Foundation
package import Hosting
import Reports
import Settings

/// `ringback rules`.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "What counts as a conversion.",
        subcommands: [
            Check.self, List.self, Show.self, Diff.self, Test.self, Activate.self, Shadow.self,
            RescoreCommand.self, CallersCommand.self,
        ]
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
                session.terminal.show(.list(sets.map { RulesOutput.json($0.1, file: $0.0) }))
                return
            }
            for (file, set) in sets {
                session.terminal.line("\(file): \(set.name), version \(set.version.prefix(12))")
                for rule in set.rules { session.terminal.line("  \(rule.id): \(rule.echo)") }
            }
        }
    }

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The versions of the rules, and which is in use."
        )

        @Option(help: "Most versions to show.")
        var limit = 50

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 1_000)
        }

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let versions = try await store.ruleVersions(limit: limit)
                let follows = try await store.rulePointers()[.active]?.version == nil
                let file = follows ? try RulesBook.load(session.settings.rulesFile) : nil
                if output.json {
                    session.terminal.show(
                        .fields(
                            ("followsFile", .bool(follows)),
                            ("file", .optional(file?.version)),
                            ("versions", .list(versions.map { RulesOutput.json($0, file: file) }))
                        )
                    )
                    return
                }
                if let file {
                    session.terminal.line(
                        "in use: the file \(session.settings.rulesFile), version "
                            + file.version.prefix(12)
                    )
                }
                session.terminal.write(
                    RulesOutput.table(versions, file: file).rendered(none: "No versions yet.")
                )
            }
        }
    }

    struct Show: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "One version of the rules, in words and as it was written."
        )

        @Argument(help: "A version or its first digits, or a file; the rules in use if left out.")
        var rules: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let set = try await RulesBook.find(rules, in: store, session)
                if output.json {
                    session.terminal.show(RulesOutput.json(set, file: nil))
                    return
                }
                session.terminal.line("\(set.name), version \(set.version)")
                for rule in set.rules { session.terminal.line("  \(rule.id): \(rule.echo)") }
                session.terminal.write("\n\(set.source)\n")
            }
        }
    }

    struct Diff: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff",
            abstract: "How two versions of the rules differ, in words and line by line."
        )

        @Argument(help: "A version or its first digits, or a file.")
        var first: String

        @Argument(help: "The other one; the rules in use if left out.")
        var second: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let one = try await RulesBook.find(first, in: store, session)
                let other = try await RulesBook.find(second, in: store, session)
                let (old, new) = second == nil ? (other, one) : (one, other)
                let differences = RuleDifference.between(old, new)
                if output.json {
                    session.terminal.show(RulesOutput.json(differences, from: old, to: new))
                } else {
                    session.terminal.write(RulesOutput.text(differences, from: old, to: new))
                }
            }
        }
    }

    struct Test: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Compare rules with the labels that people gave.",
            discussion: "Looks at every call of the newest sample's range, and changes nothing."
        )

        @Argument(help: "A version or its first digits, or a file; the rules in use if left out.")
        var rules: String?

        @Option(help: "The conversion type; all of the rules if left out.")
        var type: String?

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            try await session.withStore { store in
                let set = try await RulesBook.find(rules, in: store, session)
                let types = type.map { [$0] } ?? set.types
                guard types.allSatisfy(set.types.contains) else {
                    throw StartFailure(
                        .wrongUse,
                        "the rules decide \(set.types.joined(separator: ", ")), not \(types[0])"
                    )
                }
                let bench = try RulesBook.bench(store, session)
                var trials: [RuleTrial] = []
                for type in types { trials.append(try await bench.trial(of: set, type: type)) }
                if output.json {
                    session.terminal.show(.list(trials.map(TrialText.json)))
                } else {
                    for trial in trials { session.terminal.write(TrialText.text(trial)) }
                }
            }
        }
    }
}

/// Rules files of a path, and versions of the store.
package enum RulesBook {
    /// Files of a folder that are looked at.
    private static let filesMax = 100

    /// Versions among which a beginning is looked for.
    private static let versionsMax = 1000

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
        let files = names.filter { name in
            [".yaml", ".yml", RulesFile.textSuffix].contains { name.hasSuffix($0) }
        }.sorted()
        guard !files.isEmpty, files.count <= filesMax else {
            throw StartFailure(.failed, "\(path) holds no rules files, or over \(filesMax)")
        }
        return files.map { path + "/" + $0 }
    }

    static func library(_ store: CallStore, _ session: Session) throws(StartFailure) -> RuleLibrary
    {
        let file = try load(session.settings.rulesFile)
        return RuleLibrary(store: store) { file }
    }

    static func bench(_ store: CallStore, _ session: Session) throws(StartFailure) -> RuleBench {
        RuleBench(store: store, library: try library(store, session))
    }

    /// The rules of a file, of a version or its beginning, or those in use.
    static func find(
        _ text: String?,
        in store: CallStore,
        _ session: Session
    ) async throws -> RuleSet {
        let library = try library(store, session)
        guard let text else { return try await library.inUse().active }
        if FileManager.default.fileExists(atPath: text) { return try load(text) }
        let versions = try await store.ruleVersions(limit: versionsMax).map(\.version)
        let found = versions.filter { $0.hasPrefix(text) }
        guard text.count >= 4, let version = found.first, found.count == 1 else {
            let file = try load(session.settings.rulesFile)
            if text.count >= 4, found.isEmpty, file.version.hasPrefix(text) { return file }
            throw StartFailure(
                .failed,
                found.count > 1
                    ? "\"\(text)\" begins several versions; give more of its digits"
                    : "there is no file and no version \"\(text)\"; `ringback rules list` shows them"
            )
        }
        guard let rules = try await library.rules(version) else {
            throw StartFailure(.failed, "the text of version \(version) was not kept")
        }
        return rules
    }
}
