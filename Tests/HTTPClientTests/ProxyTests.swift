import Ambient
import HTTPClient
import TestSupport
import Testing

@Suite struct ProxyTests {
    @Test("goes through the proxy that the environment names")
    func environmentProxy() async throws {
        try await LocalServer.serve(Replies { _ in .whole(200, body: Array("proxied".utf8)) }) {
            proxy in
            let settings = HTTPClientSettings(
                proxy: HTTPProxy(environment: ["http_proxy": proxy.url])
            )
            let response = try await withClient(settings) { client in
                try await client.send(HTTPRequest(url: "http://far-away.invalid/path"))
            }
            #expect(response.body == Array("proxied".utf8))
            #expect(proxy.requests.map(\.uri) == ["http://far-away.invalid/path"])
            #expect(proxy.requests.first?["host"] == "far-away.invalid")
        }
    }

    @Test("reaches exceptions directly", arguments: ["127.0.0.1", "*", "example.com,127.0.0.1"])
    func exceptions(list: String) async throws {
        try await LocalServer.serve(Replies { _ in .whole(500) }) { proxy in
            try await LocalServer.serve(Replies { _ in .whole(200) }) { server in
                let environment = ["http_proxy": proxy.url, "no_proxy": list]
                let settings = HTTPClientSettings(proxy: HTTPProxy(environment: environment))
                let response = try await withClient(settings) { client in
                    try await client.send(HTTPRequest(url: server.url))
                }
                #expect(response.status == 200)
                #expect(proxy.requests.isEmpty)
            }
        }
    }

    @Test("a proxy that makes no tunnel is a server that cannot be reached")
    func refusedTunnel() async throws {
        try await LocalServer.serve(Replies { _ in .whole(403) }) { proxy in
            let settings = HTTPClientSettings(
                proxy: HTTPProxy(environment: ["HTTPS_PROXY": proxy.url])
            )
            let error = await #expect(throws: HTTPError.self) {
                try await withClient(settings) { client in
                    try await client.send(HTTPRequest(url: "https://far-away.invalid/secret-path"))
                }
            }
            guard case .cannotConnect = error else {
                Issue.record("taken for \(String(describing: error))")
                return
            }
            #expect(proxy.requests.map(\.method) == ["CONNECT"])
            #expect(proxy.requests.map(\.uri) == ["far-away.invalid:443"])
        }
    }

    struct Reading: Sendable {
        var environment: [String: String]
        var proxy: HTTPProxy
    }

    @Test(
        "reads the environment by curl's rules",
        arguments: [
            Reading(environment: [:], proxy: .direct),
            Reading(environment: ["http_proxy": "p"], proxy: HTTPProxy(http: "p")),
            // A CGI server would let a client set this one.
            Reading(environment: ["HTTP_PROXY": "p"], proxy: .direct),
            Reading(environment: ["https_proxy": "p"], proxy: HTTPProxy(https: "p")),
            Reading(
                environment: ["HTTPS_PROXY": "P", "https_proxy": "p"],
                proxy: HTTPProxy(https: "p")
            ),
            Reading(environment: ["ALL_PROXY": "a"], proxy: HTTPProxy(http: "a", https: "a")),
            Reading(
                environment: ["all_proxy": "a", "http_proxy": "h", "NO_PROXY": "x"],
                proxy: HTTPProxy(http: "h", https: "a", exceptions: "x")
            ),
            Reading(environment: ["http_proxy": ""], proxy: .direct),
        ]
    )
    func reading(reading: Reading) {
        #expect(HTTPProxy(environment: reading.environment) == reading.proxy)
    }
}
