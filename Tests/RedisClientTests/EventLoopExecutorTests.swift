import NIOCore
import NIOPosix
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("Tasks on a connection's event loop")
struct EventLoopExecutorTests {
    @Test("that a reply wakes, and those that these wake, run before the loop's other work")
    func runsAtOnce() async throws {
        try await withLoop { loop, executor in
            let (first, second) = (Gate(), Gate())
            let order = Record<[String]>([])
            async let one: Void = withTaskExecutorPreference(executor) {
                await first.wait()
                order.change { $0.append("woken") }
                second.open()
            }
            async let other: Void = withTaskExecutorPreference(executor) {
                await second.wait()
                order.change { $0.append("woken by the woken") }
            }
            try await first.awaited(on: loop)
            try await second.awaited(on: loop)
            try await loop.submit {
                loop.execute { order.change { $0.append("the loop's") } }
                executor.waking {
                    first.open()
                    order.change { $0.append("told") }
                }
                order.change { $0.append("back") }
            }
            .get()
            _ = await (one, other)
            try await loop.submit {}.get()
            #expect(
                order.value == ["told", "woken", "woken by the woken", "back", "the loop's"]
            )
        }
    }

    @Test("that wake each other without end leave the loop its other work")
    func leavesRoom() async throws {
        try await withLoop { loop, executor in
            let gate = Gate()
            let rounds = Record(0)
            let all = 10_000
            async let busy: Void = withTaskExecutorPreference(executor) {
                await gate.wait()
                for _ in 0..<all {
                    rounds.change { $0 += 1 }
                    await Task.yield()
                }
            }
            try await gate.awaited(on: loop)
            let seen = Record(0)
            try await loop.submit {
                loop.execute { seen.change { $0 = rounds.value } }
                executor.waking { gate.open() }
            }
            .get()
            await busy
            #expect(rounds.value == all)
            #expect((1...100).contains(seen.value))
        }
    }

    @Test("that somebody elsewhere wakes run on the loop, too")
    func runsLater() async throws {
        try await withLoop { loop, executor in
            let gate = Gate()
            async let isOnLoop = withTaskExecutorPreference(executor) {
                await gate.wait()
                return loop.inEventLoop
            }
            try await gate.awaited(on: loop)
            gate.open()
            #expect(await isOnLoop)
        }
    }

    @Test("are woken by a reply before the loop's other work")
    func wakesWithReply() async throws {
        try await withServer { server in
            let configuration = try RedisConfiguration(url: server.url)
            try await withClient(configuration, seed: 1) { client in
                try await withClient(configuration, seed: 2) { other in
                    try await checkReply(client, other)
                }
            }
        }
    }

    private func checkReply(_ client: RedisClient, _ other: RedisClient) async throws {
        let gate = Gate()
        let order = Record<[String]>([])
        async let pong = withTaskExecutorPreference(client.executor) {
            await gate.wait()
            let reply = try await client.reply("PING")
            order.change { $0.append("woken") }
            return reply
        }
        try await gate.awaited(on: client.eventLoop)
        // Behind a command that blocks, so that the replies come together.
        async let popped = client.send(
            RedisCommand("BLPOP", "executor:list", "20"),
            timeout: .seconds(30)
        )
        try await until(other, lists: "cmd=blpop")
        let first = client.sendFuture(RedisCommand("PING"))
        first.whenComplete { _ in
            client.eventLoop.execute { order.change { $0.append("the loop's") } }
        }
        gate.open()
        // Two times `*1 $4 PING`, each with its ends of lines.
        try await until(other, lists: "qbuf=28")
        _ = try await other.reply("RPUSH", "executor:list", "x")
        _ = try await (pong, popped)
        try await client.eventLoop.submit {}.get()
        #expect(order.value == ["woken", "the loop's"])
    }

    /// Waits until the server's list of connections says something.
    private func until(_ client: RedisClient, lists text: String) async throws {
        let isListed = try await eventually(within: .seconds(30), every: .milliseconds(1)) {
            try await client.reply("CLIENT", "LIST").text?.contains(text) == true
        }
        #expect(isListed, "no connection came to \(text)")
    }

    private func withLoop(
        _ body: (any EventLoop, EventLoopExecutor) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        try await body(loop, EventLoopExecutor(loop))
        try await group.shutdownGracefully()
    }
}

/// A value that several tasks change.
private final class Record<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) {
        state = Mutex(value)
    }

    var value: Value { state.withLock { $0 } }

    func change(_ change: (inout Value) -> Void) {
        state.withLock { change(&$0) }
    }
}

/// Where one task waits until it is let through.
private final class Gate: Sendable {
    private let waiter = Mutex<CheckedContinuation<Void, Never>?>(nil)

    func wait() async {
        await withCheckedContinuation { continuation in waiter.withLock { $0 = continuation } }
    }

    func open() {
        let continuation = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        continuation?.resume()
    }

    /// Waits until the task does.
    func awaited(on loop: any EventLoop) async throws {
        for _ in 0..<100_000 {
            // A task of this loop has stopped once something else runs on it.
            if try await loop.submit({ self.waiter.withLock { $0 != nil } }).get() { return }
        }
        Issue.record("nobody came to wait")
    }
}
