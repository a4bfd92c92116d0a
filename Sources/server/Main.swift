import Ambient
import ElevenLabs
import Hosting
import Settings
import WebAPI

@main
enum Main {
    static func main() async {
        await Program.run("server", ambient: .live()) { host in
            try await Server(host: host).run()
        }
    }
}
