import Ambient
import CallJobs
import ElevenLabs
import Hosting
import PhoneNumbers
import Settings
import Sync

/// Brings conversations from ElevenLabs into the store.
@main
enum Main {
    static func main() async {
        await Program.run("worker-sync", ambient: .live()) { host in
            guard let region = Region(host.settings.region) else {
                throw StartFailure(
                    .wrongUse,
                    "RINGBACK_REGION=\(host.settings.region) is no region; expected two letters "
                        + "of ISO 3166, for example RINGBACK_REGION=US"
                )
            }
            try await host.work(.sync) { tools in
                SyncHandler(
                    source: try tools.upstream(),
                    store: tools.store,
                    reader: CallReader(normalizer: NumberNormalizer(), region: region)
                )
            }
        }
    }
}
