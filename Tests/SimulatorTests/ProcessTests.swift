import Ambient
import Foundation
import HTTPClient
import TestSupport
import Testing

/// The executable as it was built beside the tests.
private struct Simulator {
    let process: ChildProcess
    let client: HTTPClient
    let url: String

    static var path: String {
        URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "elevenlabs-simulator").path
    }

    static func launch(
        _ options: [String],
        environment: [String: String?] = [:]
    ) async throws -> Simulator {
        var launch = ChildProcess.Command([path] + options)
        launch.environment = environment
        let process = try await ChildProcess.launch(launch)
        let prefix = "listening on "
        let line = try await process.line(containing: prefix)
        return Simulator(
            process: process,
            client: try HTTPClient(ambient: .live()),
            url: String(line.dropFirst(prefix.count))
        )
    }

    func get(
        _ path: String,
        key: String = "simulator"
    ) async throws(HTTPError) -> HTTPResponse {
        try await client.send(
            HTTPRequest(url: url + path, headers: [HTTPHeader("xi-api-key", key)])
        )
    }

    /// Bytes of memory that the process holds.
    func residentBytes() throws -> Int {
        let line = try String(contentsOfFile: "/proc/\(process.processID)/statm", encoding: .utf8)
        let pages = try #require(Int(line.split(separator: " ")[1]))
        return pages * Int(getpagesize())
    }

    func end() async {
        await process.kill()
        await client.shutDown()
    }
}

@Suite("the executable", .serialized)
struct ProcessTests {
    @Test("ends cleanly on a signal", arguments: [SIGTERM, SIGINT])
    func signals(signal: Int32) async throws {
        let simulator = try await Simulator.launch(["--calls", "5"])
        #expect(try await simulator.get("/v1/convai/agents").status == 200)
        simulator.process.signal(signal)
        #expect(await simulator.process.ended() == .exited(0))
        await simulator.end()
    }

    @Test("ends with its standard input when asked to")
    func standardInput() async throws {
        // The tests' children have /dev/null there, which ends at once.
        let process = try await ChildProcess.launch(
            .init([Simulator.path, "--calls", "5", "--exit-with-stdin"])
        )
        #expect(await process.ended() == .exited(0))
    }

    @Test("takes key and secret from files, as containers are given them")
    func secretFiles() async throws {
        let folder = try ScratchFolder()
        try folder.write("from-a-file\n", to: "key")
        try folder.write("wsec_file\n", to: "secret")
        let simulator = try await Simulator.launch(
            ["--calls", "5", "--webhook", "http://127.0.0.1:1/"],
            environment: [
                "ELEVENLABS_API_KEY_FILE": folder.file("key"),
                "ELEVENLABS_WEBHOOK_SECRET_FILE": folder.file("secret"),
            ]
        )
        #expect(try await simulator.get("/v1/convai/agents", key: "from-a-file").status == 200)
        #expect(try await simulator.get("/v1/convai/agents").status == 401)
        await simulator.end()
    }

    @Test("says in one line why it cannot start")
    func problems() async throws {
        let first = try await Simulator.launch(["--calls", "5"])
        let port = try #require(first.url.split(separator: ":").last)
        let cases: [([String], String)] = [
            (["--port", String(port)], "cannot listen on 127.0.0.1:\(port)"),
            (["--recipients", "/nonexistent/r.csv"], "cannot write /nonexistent/r.csv"),
            (["--webhook", "http://127.0.0.1:1/"], "--webhook-secret"),
        ]
        for (options, text) in cases {
            let process = try await ChildProcess.launch(.init([Simulator.path] + options))
            #expect(await process.ended() == .exited(1))
            let lines = process.recentOutput.split(separator: "\n")
            #expect(lines.count == 1 && lines.first?.contains(text) == true, "\(lines)")
        }
        await first.end()
    }

    @Test("breaks off a reply, so that a client notices")
    func cutShort() async throws {
        let simulator = try await Simulator.launch(["--calls", "50", "--faults", "hostile"])
        var broken = 0
        for number in 0..<400 where broken == 0 {
            do throws(HTTPError) {
                _ = try await simulator.get("/v1/convai/conversations?number=\(number)")
            } catch {
                switch error {
                case .partial, .closed: broken += 1
                default: throw error
                }
            }
        }
        #expect(broken > 0)
        await simulator.end()
    }

    @Test("memory does not grow with the walk through many calls")
    func memory() async throws {
        let simulator = try await Simulator.launch(["--calls", "100000", "--days", "365"])
        // A first page brings in everything that is needed once.
        var cursor = ""
        var items = 0
        var first = 0
        for page in 0..<Self.pages {
            let response = try await simulator.get(
                "/v1/convai/conversations?page_size=100\(cursor)"
            )
            let object = try jsonObject(Data(response.body))
            items += try objects(object, "conversations").count
            cursor = "&cursor=" + (try text(object, "next_cursor"))
            if page == Self.warmUp { first = try simulator.residentBytes() }
        }
        let last = try simulator.residentBytes()
        #expect(items == Self.pages * 100)
        // 100,000 rendered copies would be over 500 MB.
        #expect(last < 120_000_000, "\(last) bytes")
        #expect(last - first < 16_000_000, "grew from \(first) to \(last) bytes")
        await simulator.end()
    }

    private static let pages = 150
    private static let warmUp = 20
}
