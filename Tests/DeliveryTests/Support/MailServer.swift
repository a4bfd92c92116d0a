import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A mail server that takes one mail after the other and remembers what was said to it.
final class MailServer: Sendable {
    private let lines = Mutex<[String]>([])

    /// Answered to every recipient.
    private let answer: String

    init(answer: String = "250 fine") {
        self.answer = answer
    }

    var said: [String] { lines.withLock { $0 } }

    func listen(_ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { clients in
                    for try await client in clients { try await self.talk(client) }
                }
            }
            try await body(port)
            group.cancelAll()
        }
    }

    private func talk(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await client.executeThenClose { inbound, outbound in
            func say(_ text: String) async throws {
                try await outbound.write(ByteBuffer(string: text + "\r\n"))
            }
            try await say("220 here")
            var rest = ""
            var isBody = false
            for try await piece in inbound {
                rest += String(buffer: piece)
                while let end = rest.range(of: "\r\n") {
                    let line = String(rest[..<end.lowerBound])
                    rest = String(rest[end.upperBound...])
                    lines.withLock { $0.append(line) }
                    if isBody {
                        guard line == "." else { continue }
                        isBody = false
                        try await say("250 kept")
                    } else if line.hasPrefix("RCPT") {
                        try await say(answer)
                    } else if line == "DATA" {
                        isBody = true
                        try await say("354 go on")
                    } else if line == "QUIT" {
                        try await say("221 bye")
                        return
                    } else {
                        try await say("250 fine")
                    }
                }
            }
        }
    }
}
