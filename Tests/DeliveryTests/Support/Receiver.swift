import Ambient
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import TestSupport

/// What a receiver got, and how it answers.
final class Receiver: Sendable {
    struct Got: Sendable {
        var id: String
        var signature: String
        var body: [UInt8]
        var status: Int
    }

    private let got = Mutex<[Got]>([])
    private let status: @Sendable (Int) -> Int

    /// - Parameter status: Of the answer to each attempt, counted from 0.
    init(status: @escaping @Sendable (Int) -> Int) {
        self.status = status
    }

    var all: [Got] { got.withLock { $0 } }

    /// Listens as long as the body runs, which gets the port.
    func listen(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { continuation.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
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

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.post("hook") { request, _ in
            let body = try await request.body.collect(upTo: 1_000_000)
            func header(_ name: String) -> String {
                HTTPField.Name(name).flatMap { request.headers[$0] } ?? ""
            }
            let signature = header("ringback-signature")
            let id = header("ringback-event-id")
            let code = self.got.withLock { got in
                let code = self.status(got.count)
                got.append(
                    Got(
                        id: id,
                        signature: signature,
                        body: Array(body.readableBytesView),
                        status: code
                    )
                )
                return code
            }
            return Response(status: HTTPResponse.Status(code: code))
        }
        return router
    }
}

final class TestClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_794_700_000_000)

    var now: Int64 { milliseconds.withLock { $0 } }
    func advance(by duration: Duration) {
        milliseconds.withLock { $0 += duration.components.seconds * 1_000 }
    }

    var ambient: Ambient {
        let live = Ambient.live(seed: 1)
        return Ambient(
            clock: live.clock,
            elapsed: live.elapsed,
            now: { Date(timeIntervalSince1970: Double(self.now) / 1_000) },
            newID: live.newID,
            chance: live.chance
        )
    }
}
