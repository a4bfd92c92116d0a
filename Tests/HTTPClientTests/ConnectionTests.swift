import Ambient
import HTTPClient
import NIOSSL
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test("two hundred requests at once share a few connections")
    func sharedConnections() async throws {
        try await LocalServer.serve(
            Replies { request in .whole(200, body: Array(request.uri.utf8)) }
        ) {
            server in
            let settings = HTTPClientSettings(connectionsPerHostMax: 8)
            try await withClient(settings) { client in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<200 {
                        group.addTask {
                            let url = server.url + "/\(index)"
                            let response = try await client.send(HTTPRequest(url: url))
                            return response.body == Array("/\(index)".utf8)
                        }
                    }
                    for try await isOwnAnswer in group {
                        #expect(isOwnAnswer)
                    }
                }
                #expect(client.figures.requests == 200)
                #expect(client.figures.connectionsOpened <= 8)
                for _ in 0..<20 {
                    _ = try await client.send(HTTPRequest(url: server.url))
                }
                #expect(client.figures.connectionsOpened <= 8)
            }
            #expect(server.connections <= 8)
            #expect(server.requests.count == 220)
        }
    }

    @Test("requests beyond the connections wait, and their total limit counts the wait")
    func waitingCounts() async throws {
        try await LocalServer.serve(Replies { _ in .silence }) { server in
            let settings = HTTPClientSettings(connectionsPerHostMax: 1, connectionsMax: 1)
            try await withClient(settings) { client in
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        _ = try await client.send(
                            HTTPRequest(url: server.url, timeouts: limits(total: nil))
                        )
                    }
                    await server.wait(for: .request)
                    await #expect(throws: HTTPError.timeout(.total)) {
                        try await client.send(
                            HTTPRequest(
                                url: server.url,
                                timeouts: limits(total: .milliseconds(50))
                            )
                        )
                    }
                    group.cancelAll()
                    await #expect(throws: HTTPError.cancelled) { try await group.next() }
                }
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test("cancelling ends the transfer at once, whatever it is doing")
    func cancellation() async throws {
        for reply in [Reply.silence, .stall(after: [1])] {
            try await LocalServer.serve(Replies { _ in reply }) { server in
                try await withClient { client in
                    await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask {
                            _ = try await client.send(
                                HTTPRequest(url: server.url, timeouts: limits(total: nil))
                            )
                        }
                        await server.wait(for: .request)
                        group.cancelAll()
                        await #expect(throws: HTTPError.cancelled) { try await group.next() }
                        // The client closes the connection: the server sees it end.
                        await server.wait(for: .closed)
                    }
                }
            }
        }
    }

    @Test("a task that is cancelled already makes no request")
    func cancelledBefore() async throws {
        try await LocalServer.serve(Replies { _ in .whole(200) }) { server in
            try await withClient { client in
                await withTaskGroup(of: Void.self) { group in
                    group.cancelAll()
                    group.addTask {
                        await #expect(throws: HTTPError.cancelled) {
                            try await client.send(HTTPRequest(url: server.url))
                        }
                    }
                }
                // A request that is made shows that the one before was not.
                _ = try await client.send(HTTPRequest(url: server.url + "/real"))
            }
            #expect(server.requests.map(\.uri) == ["/real"])
        }
    }

    @Test("cancelling many of many leaves the others untouched", arguments: Seeds.first(3))
    func cancellationStorm(seed: UInt64) async throws {
        var random = Seeded(seed: seed)
        let choices = (0..<100).map { _ in random.next().isMultiple(of: 2) }
        try await LocalServer.serve(
            Replies { request in
                request.uri.hasSuffix("quiet")
                    ? .silence : .whole(200, body: Array(request.uri.utf8))
            }
        ) { server in
            try await withClient(HTTPClientSettings(connectionsPerHostMax: 100)) { client in
                await withTaskGroup(of: Void.self) { quiet in
                    for (index, isQuiet) in choices.enumerated() where isQuiet {
                        quiet.addTask {
                            await #expect(throws: HTTPError.cancelled) {
                                try await client.send(
                                    HTTPRequest(url: server.url + "/\(index)/quiet")
                                )
                            }
                        }
                    }
                    await withTaskGroup(of: Bool.self) { loud in
                        for (index, isQuiet) in choices.enumerated() where !isQuiet {
                            loud.addTask {
                                do {
                                    let response = try await client.send(
                                        HTTPRequest(url: server.url + "/\(index)")
                                    )
                                    return response.body == Array("/\(index)".utf8)
                                } catch {
                                    return false
                                }
                            }
                        }
                        var answered = 0
                        for await isOwn in loud {
                            #expect(isOwn, "\(Seeds.replay(seed, filter: "cancellationStorm"))")
                            answered += 1
                            if answered == 10 { quiet.cancelAll() }
                        }
                    }
                    quiet.cancelAll()
                }
            }
        }
    }

    @Test("shutting down ends what is under way, and later requests at once")
    func shutDown() async throws {
        try await LocalServer.serve(Replies { _ in .silence }) { server in
            let client = try HTTPClient(ambient: .live())
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        await #expect(throws: HTTPError.shutDown) {
                            try await client.send(HTTPRequest(url: server.url))
                        }
                    }
                }
                for _ in 0..<5 { await server.wait(for: .request) }
                await client.shutDown()
            }
            await client.shutDown()
            await #expect(throws: HTTPError.shutDown) {
                try await client.send(HTTPRequest(url: server.url))
            }
        }
    }

    @Test("a connection that the server closed between two requests is replaced")
    func staleConnection() async throws {
        try await LocalServer.serve(
            Replies { _ in
                .whole(200, headers: [("connection", "close")])
            }
        ) { server in
            try await withClient { client in
                for _ in 0..<3 {
                    let response = try await client.send(HTTPRequest(url: server.url))
                    #expect(response.status == 200)
                }
                #expect(client.figures.connectionsOpened == 3)
            }
        }
    }
}
