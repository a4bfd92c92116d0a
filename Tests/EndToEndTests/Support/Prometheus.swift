import Ambient
import Foundation
import HTTPClient
import TestSupport

/// Programs of Debian's package `prometheus`.
enum Promtool {
    /// Runs `promtool` in a folder; its input comes from a file of that folder when one is named.
    static func run(
        _ arguments: [String],
        input: String? = nil,
        in folder: String
    ) async throws -> CommandResult {
        let line =
            input.map {
                ["sh", "-c", "file=$1; shift; exec promtool \"$@\" < \"$file\"", "sh", $0]
            }
            ?? ["promtool"]
        var command = ChildProcess.Command(line + arguments)
        command.folder = folder
        command.package = "prometheus"
        return try await ChildProcess.run(command)
    }
}

/// A real Prometheus with the shipped configuration, but with ports and intervals of the test's.
final class PrometheusServer: Sendable {
    static let configuration = "\(Executables.checkout)/ops/prometheus"

    /// The first port of the shipped configuration; the processes' ports follow in order.
    private static let shippedPort = 9710

    private let address: String
    private let process: ChildProcess
    private let client: HTTPClient

    private init(address: String, process: ChildProcess, client: HTTPClient) {
        self.address = address
        self.process = process
        self.client = client
    }

    /// Starts it in a folder, to scrape processes whose ports follow one another.
    static func start(
        in folder: ScratchFolder,
        scraping first: Int
    ) async throws
        -> PrometheusServer
    {
        let home = "\(folder.path)/prometheus"
        try FileManager.default.copyItem(atPath: configuration, toPath: home)
        let file = URL(fileURLWithPath: "\(home)/prometheus.yml")
        var text = try String(contentsOf: file, encoding: .utf8)
            .replacingOccurrences(of: "interval: 15s", with: "interval: 1s")
        for index in 0..<7 {
            text = text.replacingOccurrences(
                of: "127.0.0.1:\(shippedPort + index)]",
                with: "127.0.0.1:\(first + index)]"
            )
        }
        try Data(text.utf8).write(to: file)
        let address = "127.0.0.1:\(try FreePort.next())"
        var command = ChildProcess.Command([
            "prometheus", "--config.file=\(file.path)", "--storage.tsdb.path=\(home)/data",
            "--web.listen-address=\(address)", "--log.level=warn",
        ])
        command.package = "prometheus"
        let server = PrometheusServer(
            address: address,
            process: try await ChildProcess.launch(command),
            client: try HTTPClient(ambient: .live())
        )
        let isReady = try await eventually(within: .seconds(20), every: .milliseconds(100)) {
            await server.answers("/-/ready")
        }
        guard isReady else { throw ChaosError.command(server.log) }
        return server
    }

    var log: String { process.recentOutput }

    /// The result of an instant query.
    func query(_ expression: String) async throws -> [Sample] {
        let allowed = CharacterSet.alphanumerics
        let text = expression.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        let answer: Answer<Samples> = try await read("/api/v1/query?query=\(text)")
        return answer.data.result
    }

    /// The labels of every series that was scraped.
    func series() async throws -> [[String: String]] {
        let answer: Answer<[[String: String]]> = try await read(
            "/api/v1/series?match%5B%5D=%7Bjob%3D%22ringback%22%7D"
        )
        return answer.data
    }

    /// Rules that could not be evaluated, with the error.
    func brokenRules() async throws -> [String] {
        let answer: Answer<Rules> = try await read("/api/v1/rules")
        return answer.data.groups.flatMap(\.rules)
            .filter { $0.health == "err" }
            .map { "\($0.name): \($0.lastError ?? "")" }
    }

    func end() async {
        process.signal(SIGTERM)
        await process.ended()
        await client.shutDown()
    }

    private func answers(_ path: String) async -> Bool {
        do {
            return try await client.send(HTTPRequest(url: "http://\(address)\(path)")).status == 200
        } catch {
            return false  // It is still starting.
        }
    }

    private func read<Value: Decodable>(_ path: String) async throws -> Answer<Value> {
        let response = try await client.send(HTTPRequest(url: "http://\(address)\(path)"))
        let body = Data(response.body)
        guard response.status == 200 else {
            throw ChaosError.command(String(decoding: body, as: UTF8.self))
        }
        return try JSONDecoder().decode(Answer<Value>.self, from: body)
    }

    private struct Answer<Value: Decodable>: Decodable {
        let data: Value
    }

    private struct Samples: Decodable {
        let result: [Sample]
    }

    /// One series of a result.
    struct Sample: Decodable {
        let metric: [String: String]
    }

    private struct Rules: Decodable {
        struct Group: Decodable {
            let rules: [Rule]
        }

        struct Rule: Decodable {
            let name: String
            let health: String
            let lastError: String?
        }

        let groups: [Group]
    }
}
