import Ambient
import CallJobs
import Export
import Foundation
import Hosting
import Settings

/// Writes exports of calls.
@main
enum Main {
    static func main() async {
        await Program.run("worker-export", ambient: .live()) { host in
            let settings = ExportSettings(
                folder: host.settings.exportsFolder,
                expiry: host.settings.retention.exports,
                timeZone: host.settings.timeZone.identifier
            )
            try await host.work(.export) { tools in
                ExportHandler(store: tools.store, settings: settings)
            }
        }
    }
}
