import Hummingbird
import HummingbirdHTTP2
import NIOSSL

/// A server that offers HTTP/2 and answers `/echo/WORD` with the word.
enum EchoServer {
    static func serve(
        tls: TLSConfiguration,
        _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let router = Router()
        router.get("/echo/{word}") { _, context in
            try context.parameters.require("word")
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            server: try .http2Upgrade(tlsConfiguration: tls),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Without the end of the stream a server that cannot start would be waited for.
                defer { continuation.finish() }
                try await application.run()
            }
            for await port in ports {
                try await body(port)
                break
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
