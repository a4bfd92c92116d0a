import Ambient
import ArgumentParser
import CallStore
import Foundation
import Hosting
import Reports

extension APIToken.Scope: ExpressibleByArgument {}

/// `ringback tokens`.
struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Tokens with which programs call the API.",
        subcommands: [List.self, Add.self, Revoke.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Which tokens there are; the tokens themselves are not kept."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let tokens = try await session.withStore { try await $0.apiTokens() }
            guard !output.json else {
                session.terminal.show(
                    .list(
                        tokens.map { token in
                            .fields(
                                ("name", .text(token.name)),
                                ("scope", .text(token.scope.rawValue)),
                                ("by", .text(token.createdBy)),
                                ("at", .text(TimeText.iso(milliseconds: token.createdMilliseconds)))
                            )
                        }
                    )
                )
                return
            }
            var table = Table(.init("NAME"), .init("SCOPE"), .init("BY"), .init("SINCE"))
            for token in tokens {
                table.add(
                    token.name,
                    token.scope.rawValue,
                    token.createdBy,
                    TimeText.iso(milliseconds: token.createdMilliseconds)
                )
            }
            session.terminal.write(table.rendered(none: "No tokens."))
        }
    }

    struct Add: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Make a token; it is shown once and kept nowhere."
        )

        @Argument(help: "Whose it is: a name of a program.")
        var name: String

        @Option(help: "read, write or admin.")
        var scope: APIToken.Scope

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard APIToken.nameBytes.contains(name.utf8.count) else {
                throw ValidationError("A name has 1 to 100 bytes.")
            }
        }

        func run(in session: Session) async throws {
            let token = APIToken.make(session.ambient)
            let hash = APIToken.hash(of: token)
            let (name, scope, person) = (name, scope, session.person)
            try await session.withStore { store in
                _ = try await store.write {
                    try $0.addToken(named: name, scope, hash: hash, by: person)
                }
            }
            if output.json {
                session.terminal.show(
                    .fields(
                        ("name", .text(name)),
                        ("scope", .text(scope.rawValue)),
                        ("token", .text(token))
                    )
                )
            } else {
                session.terminal.line(token)
                session.terminal.complain("keep it: it is not shown again\n")
            }
        }
    }

    struct Revoke: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Let nobody in with a token any more."
        )

        @Argument(help: "Whose.")
        var name: String

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let (name, person) = (name, session.person)
            try await session.withStore { store in
                _ = try await store.write { try $0.revokeToken(named: name, by: person) }
            }
            if output.json {
                session.terminal.show(
                    .fields(("name", .text(name)), ("revoked", .bool(true)))
                )
            } else {
                session.terminal.line("\(name) is revoked")
            }
        }
    }
}
