import Ambient
import Console

/// The operator's command line; everything is in `Console`.
@main
enum Main {
    static func main() async {
        await CommandLineProgram.run(ambient: .live())
    }
}
