import Hosting
import Testing

@Suite("shutdown")
struct ShutdownTests {
    @Test("the first reason holds")
    func firstReasonHolds() {
        let shutdown = Shutdown()
        #expect(!shutdown.isRequested)
        shutdown.request(.signal(15))
        shutdown.request(.supervisorGone)
        #expect(shutdown.reason == .signal(15))
    }

    @Test("everybody who waits goes on when the end is asked for, and who comes later at once")
    func wakesWaiters() async {
        let shutdown = Shutdown()
        let (awake, mark) = AsyncStream<Int>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    await shutdown.requested()
                    mark.yield(number)
                }
            }
            shutdown.request(.own)
            await group.waitForAll()
        }
        await shutdown.requested()
        mark.finish()
        #expect(await awake.reduce(into: Set<Int>()) { $0.insert($1) } == [0, 1, 2, 3, 4])
    }

    @Test("a wait ends when its task is cancelled")
    func waitIsCancelled() async {
        let shutdown = Shutdown()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await shutdown.requested() }
            group.cancelAll()
        }
        #expect(!shutdown.isRequested)
    }

    @Test("an action runs once, also when it comes late")
    func runsActions() async {
        let shutdown = Shutdown()
        let (calls, call) = AsyncStream<String>.makeStream()
        shutdown.onRequest { call.yield("early") }
        shutdown.request(.own)
        shutdown.request(.own)
        shutdown.onRequest { call.yield("late") }
        call.finish()
        #expect(await calls.reduce(into: []) { $0.append($1) } == ["early", "late"])
    }

    @Test("a service is cancelled when the end is asked for")
    func cancelsService() async throws {
        let shutdown = Shutdown()
        let value = try await shutdown.cancelling {
            shutdown.request(.own)
            // Ends only by its cancellation.
            for await _ in AsyncStream<Never>.makeStream().stream {}
            try Task.checkCancellation()
            return 1
        }
        #expect(value == nil)
    }

    @Test("a service that ends by itself gives its value or its error")
    func passesResults() async throws {
        struct Broken: Error {}
        let shutdown = Shutdown()
        #expect(try await shutdown.cancelling { 7 } == 7)
        await #expect(throws: Broken.self) {
            _ = try await shutdown.cancelling { () async throws -> Int in throw Broken() }
        }
    }
}
