import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A network between a client and a `redis-server` that does what networks do.
///
/// It listens on a port of 127.0.0.1 and passes everything on to the server's socket. A test tells
/// it when to delay, to cut, to close one way only, to let nothing through, and to lose the reply
/// of a command that the server has carried out. It reads the protocol, so it knows which reply
/// belongs to which command.
package final class RedisProxy: Sendable {
    /// What becomes of a command's reply; the command itself always reaches the server.
    package enum Fate: Sendable, Equatable {
        case passes

        /// The reply is swallowed, then the connection is cut.
        case isLost

        /// Only so many bytes of the reply come through, then the connection is cut.
        case breaksOff(afterBytes: Int)
    }

    /// How often each fault has happened.
    package struct Counts: Sendable, Equatable {
        package var connections = 0
        package var cuts = 0
        package var halfCloses = 0
        package var lostReplies = 0
        package var brokenReplies = 0
        package var refusedConnections = 0
    }

    private struct Trap {
        var text: String
        var passing: Int
        var fate: Fate
    }

    private struct State {
        var traps: [Trap] = []
        var links: [Int: NIOLoopBound<RedisProxyLink>] = [:]
        var nextLink = 0
        var delay = Duration.zero
        var isStalled = false
        var isRefusing = false
        var counts = Counts()
    }

    private let socketPath: String
    private let server: any Channel
    private let state: Mutex<State>

    private init(socketPath: String, server: any Channel, state: consuming Mutex<State>) {
        self.socketPath = socketPath
        self.server = server
        self.state = state
    }

    /// Opens a way to a server's Unix socket; the server need not be up yet.
    package static func start(to socketPath: String) async throws -> RedisProxy {
        let arrivals = RedisProxyArrivals()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let proxy = arrivals.proxy else { throw ChannelError.ioOnClosedChannel }
                    let link = RedisProxyLink(front: channel, proxy: proxy)
                    try channel.pipeline.syncOperations.addHandler(RedisProxyFront(link))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        let proxy = RedisProxy(socketPath: socketPath, server: server, state: Mutex(State()))
        arrivals.open(proxy)
        return proxy
    }

    /// The port that it listens on.
    package var port: Int { server.localAddress?.port ?? 0 }

    /// The address that clients are given in place of the server's.
    package var url: String { "redis://127.0.0.1:\(port)" }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Connections that are open now.
    package var connections: Int { state.withLock { $0.links.count } }

    // MARK: - Faults

    /// Lets one command's reply meet a fate.
    ///
    /// - Parameters:
    ///   - fate: What becomes of the reply.
    ///   - text: What the first kilobytes of the command hold; empty for any command.
    ///   - passing: So many such commands go by unharmed first.
    package func plan(_ fate: Fate, ofCommandWith text: String, passing: Int = 0) {
        state.withLock { $0.traps.append(Trap(text: text, passing: passing, fate: fate)) }
    }

    /// Fates that no command has met yet.
    package var plansLeft: Int { state.withLock { $0.traps.count } }

    /// Forgets the fates that no command has met yet.
    package func forgetPlans() {
        state.withLock { $0.traps = [] }
    }

    /// Cuts every connection at once, both ways, as a reset does.
    package func cut() {
        for link in links() {
            count { $0.cuts += 1 }
            link.eventLoop.execute { link.value.reset() }
        }
    }

    /// Ends every connection towards the client only; what the client sends still arrives.
    package func halfClose() {
        for link in links() {
            count { $0.halfCloses += 1 }
            link.eventLoop.execute { link.value.closeTowardsClient() }
        }
    }

    /// Holds every reply back for a while from now on; zero ends it for later replies.
    package func delay(by time: Duration) {
        state.withLock { $0.delay = time }
    }

    /// Lets nothing through in either direction, and keeps it, until `resume()`.
    package func stall() {
        state.withLock { $0.isStalled = true }
    }

    /// Lets through what was kept.
    package func resume() {
        state.withLock { $0.isStalled = false }
        for link in links() { link.eventLoop.execute { link.value.release() } }
    }

    /// Hangs up on everybody who connects, or no longer.
    package func refuse(_ isRefusing: Bool) {
        state.withLock { $0.isRefusing = isRefusing }
    }

    /// Ends all connections and listens no more.
    package func end() async {
        for link in links() { link.eventLoop.execute { link.value.close() } }
        do {
            try await server.close()
        } catch {
            // It was closed before; that is what was asked for.
        }
    }

    // MARK: - For the links

    var replyDelay: Duration { state.withLock { $0.delay } }

    var isStalled: Bool { state.withLock { $0.isStalled } }

    /// Takes up a connection; nil while everybody is refused.
    func adopt(_ link: NIOLoopBound<RedisProxyLink>) -> Int? {
        state.withLock { state in
            guard !state.isRefusing else {
                state.counts.refusedConnections += 1
                return nil
            }
            state.counts.connections += 1
            state.nextLink += 1
            state.links[state.nextLink] = link
            return state.nextLink
        }
    }

    func drop(_ link: Int) {
        state.withLock { $0.links[link] = nil }
    }

    /// What becomes of the reply of a command with this beginning.
    func fate(ofCommand head: [UInt8]) -> Fate {
        state.withLock { state in
            guard !state.traps.isEmpty else { return .passes }
            let head = String(decoding: head, as: UTF8.self)
            for index in state.traps.indices {
                let text = state.traps[index].text
                guard text.isEmpty || head.contains(text) else { continue }
                if state.traps[index].passing > 0 {
                    state.traps[index].passing -= 1
                } else {
                    return state.traps.remove(at: index).fate
                }
            }
            return .passes
        }
    }

    func note(_ fate: Fate) {
        switch fate {
        case .passes: break
        case .isLost: count { $0.lostReplies += 1 }
        case .breaksOff: count { $0.brokenReplies += 1 }
        }
    }

    /// Connects to the server behind it.
    func connect(_ link: NIOLoopBound<RedisProxyLink>) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: link.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RedisProxyBack(link.value))
                }
            }
            .connect(unixDomainSocketPath: socketPath)
    }

    private func links() -> [NIOLoopBound<RedisProxyLink>] {
        state.withLock { Array($0.links.values) }
    }

    private func count(_ change: (inout Counts) -> Void) {
        state.withLock { change(&$0.counts) }
    }
}

/// Tells those who connect whose proxy they have reached.
private final class RedisProxyArrivals: Sendable {
    private struct Weak {
        weak var proxy: RedisProxy?
    }

    private let state = Mutex(Weak())

    var proxy: RedisProxy? { state.withLock { $0.proxy } }

    func open(_ proxy: RedisProxy) {
        state.withLock { $0.proxy = proxy }
    }
}
