import Ambient
import HTTPClient
import NIOSSL
import TestSupport
import Testing

@Suite struct TLSTests {
    @Test("takes a certificate whose authority it was given, and no other")
    func authorities() async throws {
        let certificates = try await Certificates(for: "IP:127.0.0.1")
        let context = try NIOSSLContext(configuration: certificates.configuration())
        try await LocalServer.serve(tls: context, Replies { _ in .whole(200, body: [1]) }) {
            server in
            let url = "https://127.0.0.1:\(server.port)/"
            let settings = HTTPClientSettings(authorityFile: certificates.authority)
            let response = try await withClient(settings) { client in
                try await client.send(HTTPRequest(url: url))
            }
            #expect(response.body == [1])
            let error = await #expect(throws: HTTPError.self) {
                try await withClient { try await $0.send(HTTPRequest(url: url)) }
            }
            #expect(isTLS(error))
            #expect(server.requests.count == 1)
        }
    }

    @Test("refuses a certificate of another name")
    func otherName() async throws {
        let certificates = try await Certificates(for: "DNS:other.test")
        let context = try NIOSSLContext(configuration: certificates.configuration())
        try await LocalServer.serve(tls: context, Replies { _ in .whole(200) }) { server in
            let settings = HTTPClientSettings(authorityFile: certificates.authority)
            let error = await #expect(throws: HTTPError.self) {
                try await withClient(settings) { client in
                    try await client.send(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
                }
            }
            #expect(isTLS(error))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("a server without TLS and a missing authority file are TLS errors")
    func noTLS() async throws {
        try await LocalServer.serve(Replies { _ in .whole(200) }) { server in
            let url = "https://127.0.0.1:\(server.port)/"
            for settings in [
                HTTPClientSettings(), HTTPClientSettings(authorityFile: "/nonexistent.pem"),
            ] {
                let error = await #expect(throws: HTTPError.self) {
                    try await withClient(settings) { try await $0.send(HTTPRequest(url: url)) }
                }
                #expect(isTLS(error))
            }
        }
    }

    @Test("many requests at once go over one HTTP/2 connection")
    func http2() async throws {
        let certificates = try await Certificates(for: "IP:127.0.0.1")
        try await EchoServer.serve(tls: certificates.configuration()) { port in
            let settings = HTTPClientSettings(authorityFile: certificates.authority)
            try await withClient(settings) { client in
                try await echoMany(client, url: "https://127.0.0.1:\(port)/echo/")
                #expect(client.figures.connectionsOpened == 1)
            }
        }
    }

    private func echoMany(_ client: HTTPClient, url: String) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<50 {
                group.addTask {
                    let response = try await client.send(HTTPRequest(url: url + "\(index)"))
                    #expect(response.head.version == .http2)
                    #expect(response.body == Array("\(index)".utf8))
                }
            }
            try await group.waitForAll()
        }
    }

    private func isTLS(_ error: HTTPError?) -> Bool {
        if case .tls = error { true } else { false }
    }
}
