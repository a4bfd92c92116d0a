import Foundation
import NIOCore

/// One client's connection through the proxy; confined to its event loop.
final class RedisProxyLink {
    /// Bytes of a command that a plan may look at.
    private static let headBytes = 4096

    private let front: any Channel
    private let proxy: RedisProxy
    private var back: (any Channel)?
    private var number: Int?
    private var isOver = false

    private var requests = RESPFramer()
    private var replies = RESPFramer()

    /// The beginning of the command under way.
    private var head: [UInt8] = []

    /// The fates of the replies that are still due, in the order of their commands.
    private var fates: [RedisProxy.Fate] = []

    /// Bytes of the present reply that have come through.
    private var passed = 0

    /// What waits for the connection to the server, or for the end of a stall.
    private var toServer: [ByteBuffer] = []

    /// Replies that wait for their time, or for the end of a stall.
    private var toClient: [(due: NIODeadline, bytes: ByteBuffer)] = []

    init(front: any Channel, proxy: RedisProxy) {
        self.front = front
        self.proxy = proxy
    }

    /// Begins with the connection to the server.
    func open() {
        let link = NIOLoopBound(self, eventLoop: front.eventLoop)
        guard let number = proxy.adopt(link) else { return close() }
        self.number = number
        proxy.connect(link).whenComplete { result in
            switch result {
            case .success(let channel): link.value.opened(channel)
            case .failure: link.value.close()
            }
        }
    }

    private func opened(_ channel: any Channel) {
        guard !isOver else { return channel.close(promise: nil) }
        back = channel
        release()
    }

    func received(fromClient bytes: ByteBuffer) {
        var rest = bytes
        while rest.readableBytes > 0 {
            let (count, isEnd) = requests.take(rest.readableBytesView)
            if head.count < Self.headBytes {
                head += rest.readableBytesView.prefix(min(count, Self.headBytes - head.count))
            }
            rest.moveReaderIndex(forwardBy: count)
            guard isEnd else { continue }
            fates.append(proxy.fate(ofCommand: head))
            head.removeAll(keepingCapacity: true)
        }
        toServer.append(bytes)
        release()
    }

    func received(fromServer bytes: ByteBuffer) {
        var rest = bytes
        var through = ByteBuffer()
        while rest.readableBytes > 0 {
            let (count, isEnd) = replies.take(rest.readableBytesView)
            guard let piece = rest.readSlice(length: count) else { break }
            let fate = fates.first ?? .passes
            switch fate {
            case .passes:
                through.writeImmutableBuffer(piece)
            case .isLost:
                break
            case .breaksOff(let limit):
                let count = min(count, max(0, limit - passed))
                passed += count
                through.writeImmutableBuffer(
                    piece.getSlice(at: piece.readerIndex, length: count) ?? ByteBuffer()
                )
            }
            guard isEnd else { continue }
            passed = 0
            if !fates.isEmpty { fates.removeFirst() }
            guard fate == .passes else {
                proxy.note(fate)
                return end(after: through)
            }
        }
        deliver(through)
    }

    /// Sends on what may go now.
    func release() {
        guard !proxy.isStalled, !isOver else { return }
        if let back {
            for bytes in toServer { back.write(bytes, promise: nil) }
            if !toServer.isEmpty { back.flush() }
            toServer = []
        }
        let now = NIODeadline.now()
        let due = toClient.prefix { $0.due <= now }
        guard !due.isEmpty else { return }
        for reply in due { front.write(reply.bytes, promise: nil) }
        front.flush()
        toClient.removeFirst(due.count)
    }

    private func deliver(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        let due = max(
            NIODeadline.now() + TimeAmount(proxy.replyDelay),
            // A later reply never overtakes an earlier one.
            toClient.last?.due ?? .distantPast
        )
        toClient.append((due, bytes))
        guard due > .now() else { return release() }
        let link = NIOLoopBound(self, eventLoop: front.eventLoop)
        front.eventLoop.scheduleTask(deadline: due) { link.value.release() }
    }

    // MARK: - Ends

    /// What may still come through does, and then both sides are told.
    private func end(after bytes: ByteBuffer) {
        isOver = true
        forget()
        back?.close(promise: nil)
        for reply in toClient { front.write(reply.bytes, promise: nil) }
        let front = front
        front.writeAndFlush(bytes).whenComplete { _ in front.close(promise: nil) }
    }

    /// Both ways at once; the client sees a reset.
    func reset() {
        let linger = linger(l_onoff: 1, l_linger: 0)
        if let options = front as? any SocketOptionProvider {
            let link = NIOLoopBound(self, eventLoop: front.eventLoop)
            options.setSoLinger(linger).whenComplete { _ in link.value.close() }
        } else {
            close()
        }
    }

    /// Tells the client that nothing more comes; what it sends is still passed on.
    func closeTowardsClient() {
        front.close(mode: .output, promise: nil)
    }

    func close() {
        isOver = true
        forget()
        front.close(promise: nil)
        back?.close(promise: nil)
    }

    private func forget() {
        if let number { proxy.drop(number) }
        number = nil
    }
}

/// The side of a link that the client is on.
final class RedisProxyFront: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: RedisProxyLink

    init(_ link: RedisProxyLink) {
        self.link = link
    }

    func channelActive(context: ChannelHandlerContext) {
        link.open()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.received(fromClient: unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.close()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.close()
    }
}

/// The side of a link that the server is on.
final class RedisProxyBack: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: RedisProxyLink

    init(_ link: RedisProxyLink) {
        self.link = link
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        link.received(fromServer: unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        link.close()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        link.close()
    }
}
