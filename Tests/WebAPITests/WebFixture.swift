import Ambient
import CallJobs
import CallStore
import Crypto
import ElevenLabs
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JobQueue
import Logging
import Telemetry
import TestSupport
import WebAPI

/// A server's parts on a store of their own, with queues in memory.
struct WebFixture: Sendable {
    /// When every test happens, Unix seconds.
    static let nowUnix: Int64 = 1_794_700_000
    static let webhookPath = "/api/webhooks/elevenlabs"

    private static let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The dashboard's files, in the checkout.
    static let webFolder = checkout.appending(path: "web").path

    private let scratch: ScratchFolder
    var folder: URL { scratch.url }
    let store: CallStore
    let queues: [InMemoryQueue]
    let registry = MetricsRegistry()
    let parts: WebParts

    init(
        secrets: [String] = ["wsec_example"],
        access: AccessRule = .loopback,
        policy: AccessPolicy = AccessPolicy(),
        budget: any UpstreamBudget = OpenBudget(),
        site: PublicSite = PublicSite(),
        environment: String? = nil
    ) async throws {
        let live = Ambient.live(seed: 1)
        let ambient = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(Self.nowUnix)) },
            newID: live.newID,
            chance: live.chance
        )
        scratch = try ScratchFolder()
        store = try await CallStore.open(
            path: scratch.file("ringback.sqlite"),
            ambient: ambient,
            phoneKey: try PhoneKey(id: "test", secret: Data("a secret of the tests only".utf8))
        )
        queues = JobKind.allCases.map { InMemoryQueue(name: $0.queue, ambient: ambient) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let registry = registry
        parts = WebParts(
            ambient: ambient,
            logger: logger,
            store: store,
            relay: OutboxRelay(store: store, queues: queues, ambient: ambient, logger: logger),
            verifier: WebhookVerifier(secrets: secrets.map { WebhookSecret($0) }),
            queues: queues,
            budget: budget,
            access: access,
            policy: policy,
            places: WebPlaces(
                exportsFolder: scratch.path,
                schedulesFolder: Self.checkout.appending(path: "schedules").path,
                environment: environment
            ),
            metrics: registry,
            families: { registry.families() },
            site: site,
            // What is tested is the answer; a crowded machine must not run into a time limit.
            figureMax: .seconds(60),
            files: try WebFiles.load(folder: Self.webFolder)
        )
    }

    /// Runs a body against the routes, and closes the store whatever happens.
    static func serve(
        secrets: [String] = ["wsec_example"],
        access: AccessRule = .loopback,
        policy: AccessPolicy = AccessPolicy(),
        site: PublicSite = PublicSite(),
        environment: String? = nil,
        _ body: @escaping @Sendable (WebFixture, any TestClientProtocol) async throws -> Void
    ) async throws {
        let fixture = try await WebFixture(
            secrets: secrets,
            access: access,
            policy: policy,
            site: site,
            environment: environment
        )
        let server = WebServer(fixture.parts)
        let application = Application(router: server.router(), logger: fixture.parts.logger)
        do {
            try await application.test(.router) { client in
                try await body(fixture, client)
            }
        } catch {
            try fixture.close()
            throw error
        }
        try fixture.close()
    }

    /// Every job of the outbox, also what the sweep leaves to whoever committed it.
    func outbox() async throws -> [OutboxEntry] {
        let live = Ambient.live(seed: 2)
        let later = Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(Self.nowUnix) + 3_600) },
            newID: live.newID,
            chance: live.chance
        )
        let store = try await CallStore.open(path: store.path, ambient: later)
        let entries = try await store.dueOutbox(limit: 500)
        try store.close()
        return entries
    }

    /// A connection of the test's own, beside the store's.
    func sql<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        return try DatabaseQueue(path: store.path, configuration: configuration).write(body)
    }

    /// One number of the store, asked for in SQL.
    func number(_ query: String) throws -> Int {
        try sql { try Int.fetchOne($0, sql: query) ?? 0 }
    }

    func close() throws {
        try store.close()
    }

    /// The header that signs a body.
    static func signature(
        _ body: String,
        secret: String = "wsec_example",
        at unix: Int64 = nowUnix
    ) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(unix).\(body)".utf8),
            using: SymmetricKey(data: Data(secret.utf8))
        )
        let text = code.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return "t=\(unix),v0=\(text.joined())"
    }

    /// Sends a webhook; with the right signature unless another one is given.
    static func send(
        _ body: String,
        signature: String? = nil,
        headers more: [String: String] = [:],
        with client: any TestClientProtocol
    ) async throws -> (status: Int, body: String) {
        var headers = HTTPFields()
        for (name, value) in more {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        let header = signature ?? self.signature(body)
        if !header.isEmpty, let name = HTTPField.Name("elevenlabs-signature") {
            headers[name] = header
        }
        return try await client.execute(
            uri: webhookPath,
            method: .post,
            headers: headers,
            body: ByteBuffer(string: body)
        ) { (status: Int($0.status.code), body: String(buffer: $0.body)) }
    }

    /// The value of a counter's series; 0 when there is none.
    func webhooks(_ result: String) -> Double {
        registry.families().filter { $0.name == "ringback_webhooks_total" }
            .flatMap(\.series)
            .filter { $0.labels.contains(MetricLabel(name: "result", value: result)) }
            .reduce(0) { sum, series in
                if case .number(let number) = series.value { sum + number } else { sum }
            }
    }
}

/// A budget that always has a permit.
struct OpenBudget: UpstreamBudget {
    func acquire() async throws(QueueError) -> BudgetAnswer {
        .granted(BudgetPermit(id: "permit"))
    }

    func release(_: BudgetPermit, _: BudgetFeedback) async throws(QueueError) -> Duration? { nil }

    func state() async throws(QueueError) -> BudgetState {
        BudgetState(
            parallel: 2,
            ceiling: 3,
            inFlight: 1,
            quietUntilMilliseconds: (WebFixture.nowUnix + 7) * 1_000,
            circuit: .open,
            openings: 2,
            rate: RateLimit(events: 4, per: .seconds(1))
        )
    }
}
