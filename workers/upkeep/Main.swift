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
                jobIndex: retention.ledger,
                numbers: retention.numbers,
                transcripts: retention.transcripts
            )
            try await host.work(.upkeep) { tools in
                UpkeepHandler(
                    store: tools.store,
                    settings: settings,
                    jobs: JobCopies(queues: tools.queues.all) {
                        try await tools.queues.rewriteFiles(for: tools.host)
                    }
                )
            }
        }
    }
}
