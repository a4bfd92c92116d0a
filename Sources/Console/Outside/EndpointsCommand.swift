import ArgumentParser
import CallStore
import Delivery
import HTTPClient
import Hosting
import Reports
import Settings

extension EventKind: ExpressibleByArgument {}

/// `ringback endpoints`.
struct EndpointsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "Who is told of what happens to calls.",
        subcommands: [Add.self, List.self, Remove.self, Test.self]
    )

    struct Add: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Have events posted to an address, and show the secret that signs them.",
            discussion: """
                The secret is shown this once. A host in a private network is refused unless
                RINGBACK_PRIVATE_HOSTS names it.
                """
        )

        @Argument(help: "An http or https address.")
        var url: String

        @Option(help: "Only events of this kind; may be repeated. All without it.")
        var event: [EventKind] = []

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard OutgoingAddress(url) != nil else {
                throw ValidationError("An address is like https://crm.example.com/hook.")
            }
        }

        func run(in session: Session) async throws {
            let (url, kinds) = (url, event)
            let made = try await session.withStore { store in
                try await store.write { try $0.addEndpoint(url: url, kinds: kinds) }
            }
            await session.audit("endpoint.add", "endpoint:\(made.id)", after: ["url": .text(url)])
            if output.json {
                session.terminal.show(
                    .fields(
                        ("id", .integer(made.id.number)),
                        ("url", .text(made.url)),
                        ("events", .list(made.kinds.map { .text($0.rawValue) })),
                        ("secret", .text(made.secret))
                    )
                )
            } else {
                session.terminal.line("added endpoint \(made.id)")
                session.terminal.line("secret: \(made.secret)")
            }
        }
    }

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Endpoints with what waits for them."
        )

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let endpoints = try await session.withStore { try await $0.endpoints() }
            if output.json {
                session.terminal.show(.list(endpoints.map(\.json)))
                return
            }
            var table = Table(
                .init("ID", .right),
                .init("URL"),
                .init("WAITING", .right),
                .init("FAILURES", .right),
                .init("EVENTS")
            )
            for endpoint in endpoints {
                table.add(
                    "\(endpoint.id)",
                    endpoint.url,
                    "\(endpoint.waiting)",
                    "\(endpoint.failures)",
                    endpoint.kinds.count == EventKind.allCases.count
                        ? "all" : endpoint.kinds.map(\.rawValue).joined(separator: " ")
                )
            }
            session.terminal.write(
                table.rendered(none: "Nobody is told; `ringback endpoints add` changes that.")
            )
        }
    }

    struct Remove: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Tell an address nothing any more."
        )

        @Argument(help: "The endpoint's id.")
        var id: Int64

        func run(in session: Session) async throws {
            let endpoint = EndpointID(id)
            try await session.withStore { store in
                do throws(StoreError) {
                    try await store.write { try $0.removeEndpoint(endpoint) }
                } catch {
                    guard case .notFound = error else { throw error }
                    throw StartFailure(.failed, "there is no endpoint \(endpoint)")
                }
            }
            await session.audit("endpoint.remove", "endpoint:\(endpoint)")
            session.terminal.line("removed endpoint \(endpoint)")
        }
    }

    struct Test: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Post a test to an endpoint, once, and say what became of it."
        )

        @Argument(help: "The endpoint's id.")
        var id: Int64

        @OptionGroup var output: OutputOptions

        func run(in session: Session) async throws {
            let http = try session.host.openHTTP()
            let poster = Poster(
                http: http,
                ambient: session.ambient,
                settings: session.settings.outside
            )
            let endpoint = EndpointID(id)
            let delivery = try await session.withStore { store in
                do {
                    return try await EventDeliverer(store: store, poster: poster)
                        .test(endpoint, ambient: session.ambient)
                } catch StoreError.notFound {
                    throw StartFailure(.failed, "there is no endpoint \(endpoint)")
                }
            }
            await http.shutDown()
            if output.json {
                session.terminal.show(delivery.json)
            } else if delivery.outcome == .delivered {
                session.terminal.line("delivered in \(delivery.milliseconds) ms")
            }
            guard delivery.outcome == .delivered else {
                throw StartFailure(.failed, "not delivered: \(delivery.reason ?? "no answer")")
            }
        }
    }
}

/// `ringback deliveries`.
struct DeliveriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries",
        abstract: "Which events were posted where, and what became of it.",
        subcommands: [List.self]
    )

    struct List: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Attempts, the newest first."
        )

        @Option(help: "Only those to this endpoint's id.")
        var endpoint: Int64?

        @Option(help: "Most attempts to show.")
        var limit = 50

        @OptionGroup var output: OutputOptions

        func validate() throws {
            try ListLimit.check(limit, upTo: 100_000)
        }

        func run(in session: Session) async throws {
            let deliveries = try await session.withStore { store in
                try await store.deliveries(to: endpoint.map { EndpointID($0) }, limit: limit)
            }.map(\.delivery)
            if output.json {
                session.terminal.show(.list(deliveries.map(\.json)))
                return
            }
            var table = Table(
                .init("TIME"),
                .init("ENDPOINT", .right),
                .init("EVENT"),
                .init("TRY", .right),
                .init("OUTCOME"),
                .init("STATUS", .right),
                .init("REASON")
            )
            for delivery in deliveries {
                table.add(
                    TimeText.iso(milliseconds: delivery.atMilliseconds),
                    "\(delivery.endpoint)",
                    delivery.kind,
                    "\(delivery.attempt)",
                    delivery.outcome.rawValue,
                    delivery.status.map { "\($0)" } ?? "",
                    delivery.reason ?? ""
                )
            }
            session.terminal.write(table.rendered(none: "Nothing was posted yet."))
        }
    }
}
