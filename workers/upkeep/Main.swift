import Ambient
import CallJobs
import Delivery
import HTTPClient
import Hosting
import Settings
import Upkeep

/// Removes what has been kept long enough.
@main
enum Main {
    static func main() async {
        await Program.run("worker-upkeep", ambient: .live()) { host in
            let retention = host.settings.retention
            let settings = UpkeepSettings(
                exportsFolder: host.settings.exportsFolder,
                rawBodies: retention.raw,
                webhookBodies: retention.webhooks,
                ledger: retention.ledger,
                jobIndex: retention.ledger,
                numbers: retention.numbers,
                transcripts: retention.transcripts
            )
            let http = try host.openHTTP()
            let outside = host.settings.outside
            let poster = Poster(http: http, ambient: host.ambient, settings: outside)
            let ambient = host.ambient
            let alerts = Channels.ofAlerts(poster: poster, ambient: ambient, settings: outside)
            let exports = Channels.ofExports(poster: poster, ambient: ambient, settings: outside)
            let publicURL = host.settings.server.publicURL
            try await host.work(.upkeep) { tools in
                let deliverer = EventDeliverer(store: tools.store, poster: poster)
                let checker = AlertChecker(
                    store: tools.store,
                    gathering: AlertGathering(
                        store: tools.store,
                        queues: tools.queues.all,
                        ambient: host.ambient,
                        costMax: outside.alertCost,
                        retention: retention
                    ),
                    channels: AlertChannels(alerts)
                )
                let sender = ExportSender(
                    store: tools.store,
                    channels: exports,
                    folder: settings.exportsFolder,
                    publicURL: publicURL
                )
                let digest = Digest(
                    store: tools.store,
                    channels: alerts,
                    publicURL: publicURL
                )
                return UpkeepHandler(
                    store: tools.store,
                    settings: settings,
                    jobs: JobCopies(queues: tools.queues.all) {
                        try await tools.queues.rewriteFiles(for: tools.host)
                    },
                    errands: UpkeepErrands(
                        deliver: { try await deliverer.deliver(to: $0, in: $1) },
                        sendExport: { try await sender.send($0, in: $1) },
                        alerts: { try await checker.check(in: $0) },
                        digest: { try await digest.send(in: $0) }
                    )
                )
            }
            await http.shutDown()
        }
    }
}
