import Ambient
import Attribution
import CallJobs
import Hosting
import Settings

/// Credits calls to campaigns.
@main
enum Main {
    static func main() async {
        await Program.run("worker-attribution", ambient: .live()) { host in
            let rules = AttributionRules(timeZone: host.settings.timeZone)
            try await host.work(.attribution) { tools in
                AttributionHandler(store: tools.store, rules: rules)
            }
        }
    }
}
