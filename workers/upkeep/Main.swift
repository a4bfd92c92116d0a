import Ambient
import CallJobs
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
                jobIndex: retention.ledger
            )
            try await host.work(.upkeep) { tools in
                UpkeepHandler(store: tools.store, settings: settings)
            }
        }
    }
}
