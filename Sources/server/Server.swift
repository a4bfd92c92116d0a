import Ambient
import CallJobs
import CallStore
import ElevenLabs
import Hosting
import Logging
import Settings
import Telemetry
import WebAPI

/// Puts the server together from the settings and runs it to its end.
struct Server {
    let host: Host

    func run() async throws {
        do throws(SettingsError) {
            try host.settings.server.check()
        } catch {
            throw StartFailure(.wrongUse, error.description)
        }
        let store = try await host.openStore()
        let queues: OpenQueues
        do {
            queues = try await host.openQueues()
        } catch {
            try store.close()
            throw error
        }
        do {
            try await serve(store, queues)
        } catch {
            await queues.close()
            try store.close()
            throw error
        }
        await queues.close()
        try store.close()
    }

    private func serve(_ store: CallStore, _ queues: OpenQueues) async throws {
        let settings = host.settings
        let telemetry = host.telemetry
        let files: WebFiles
        do throws(WebFilesError) {
            files = try WebFiles.load(folder: settings.webFolder)
        } catch {
            throw StartFailure(.wrongUse, error.description)
        }
        telemetry.metrics.describe(WebServer.metricHelps)
        let relay = OutboxRelay(
            store: store,
            queues: queues.all,
            ambient: host.ambient,
            logger: host.logger
        )
        let publicFiles = PublicFiles(files)
        if !publicFiles.missing.isEmpty {
            host.logger.notice(
                "Files for web pages are missing; is RINGBACK_WEB right?",
                metadata: ["missing": "\(publicFiles.missing.joined(separator: " "))"]
            )
        }
        let server = WebServer(
            WebParts(
                ambient: host.ambient,
                logger: host.logger,
                store: store,
                relay: relay,
                verifier: WebhookVerifier(
                    secrets: settings.webhook.accepted.map { WebhookSecret($0.reveal()) }
                ),
                queues: queues.all,
                budget: queues.upstreamBudget(for: host),
                access: settings.server.adminToken.map { .token($0.reveal()) } ?? .loopback,
                policy: AccessPolicy(
                    corsOrigins: settings.server.corsOrigins,
                    trustedProxies: settings.server.trustedProxies,
                    webhookSources: settings.webhook.sources,
                    publicURL: settings.server.publicURL,
                    isReadOnly: settings.server.isReadOnly
                ),
                places: WebPlaces(
                    exportsFolder: settings.exportsFolder,
                    rulesFile: settings.rulesFile,
                    schedulesFolder: settings.schedulesFolder,
                    timeZone: settings.timeZone,
                    region: settings.region,
                    alertCost: settings.outside.alertCost,
                    kept: KeptPeriods(
                        rawBodies: settings.retention.raw,
                        webhooks: settings.retention.webhooks,
                        ledger: settings.retention.ledger,
                        numbers: settings.retention.numbers,
                        transcripts: settings.retention.transcripts
                    ),
                    environment: settings.server.environment,
                    settings: settings.rows.map { row in
                        SettingLine(
                            name: row.name.rawValue,
                            value: row.shown,
                            origin: row.shown == nil ? "" : row.origin.description,
                            meaning: row.name.facts.meaning
                        )
                    }
                ),
                metrics: telemetry.metrics,
                families: { telemetry.families() },
                site: PublicSite(
                    address: settings.server.publicURL ?? "http://\(settings.server.address)",
                    files: publicFiles
                ),
                files: files
            )
        )
        if settings.webhook.accepted.isEmpty {
            host.logger.notice(
                "Webhooks are refused until ELEVENLABS_WEBHOOK_SECRET is set; polling goes on"
            )
        }
        let address = settings.server.address
        do {
            try await host.withEndpoint(
                metrics: { await server.metricsText() },
                health: { await server.health() },
                { try await run(server, on: address) }
            )
        } catch let error as WebServerError {
            throw Self.failure(error)
        }
        host.logger.notice("Ended in order")
    }

    private func run(_ server: WebServer, on address: ListenAddress) async throws {
        let shutdown = host.shutdown
        let logger = host.logger
        try await server.run(
            host: address.host,
            port: address.port,
            until: { await shutdown.requested() },
            listening: { port in
                logger.notice(
                    "The server takes requests",
                    metadata: [
                        "address": "\(address.host):\(port)", "version": "\(Release.version)",
                    ]
                )
            }
        )
    }

    private static func failure(_ error: WebServerError) -> StartFailure {
        switch error {
        case .cannotListen(let address, let reason):
            StartFailure(
                .failed,
                "RINGBACK_HTTP: \(address) cannot be listened on (\(reason)); stop what uses it, "
                    + "or set another address, for example RINGBACK_HTTP=127.0.0.1:9001"
            )
        }
    }
}
