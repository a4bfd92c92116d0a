import NIOCore
import NIOPosix
import RedisClient

/// Something that listens and talks, but is no Redis.
private final class ImpostorHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let lines: [String]
    private var reads = 0

    init(_ lines: [String]) {
        self.lines = lines
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let line = lines[min(reads, lines.count - 1)]
        reads += 1
        context.writeAndFlush(NIOAny(ByteBuffer(string: line)), promise: nil)
    }
}

/// Runs a body with a server that answers each read with the next of some texts.
func withImpostor(
    saying lines: String...,
    then more: String? = nil,
    _ body: (RedisConfiguration) async throws -> Void
) async throws {
    let texts = lines + (more.map { [$0] } ?? [])
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(ImpostorHandler(texts))
            }
        }
        .bind(host: "127.0.0.1", port: 0)
        .get()
    let port = channel.localAddress?.port ?? 0
    var configuration = RedisConfiguration(address: .tcp(host: "127.0.0.1", port: port))
    configuration.limits.connectPatience = .milliseconds(50)
    configuration.limits.backoffBase = .milliseconds(1)
    do {
        try await body(configuration)
    } catch {
        try await channel.close()
        throw error
    }
    try await channel.close()
}
