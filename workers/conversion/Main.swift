import Ambient
import CallJobs
import Conversion
import Foundation
import Hosting
import Settings

/// Judges calls by the conversion rules.
@main
enum Main {
    static func main() async {
        await Program.run("worker-conversion", ambient: .live()) { host in
            let rules: ActiveRules
            do throws(RulesFileError) {
                rules = try ActiveRules(
                    file: URL(filePath: host.settings.rulesFile),
                    ambient: host.ambient,
                    logger: host.logger
                )
            } catch {
                throw StartFailure(
                    .wrongUse,
                    "the rules are refused; mend the file or set RINGBACK_RULES: \(error)"
                )
            }
            try await host.work(.conversion) { tools in
                ConversionHandler(
                    store: tools.store,
                    library: RuleLibrary(store: tools.store) { rules.current() }
                )
            }
        }
    }
}
