import Ambient
import Foundation
import HTTPClient
import TestSupport
import Testing

/// What ops/ ships for Prometheus, Grafana and systemd, tried against the real programs.
@Suite("monitoring", .serialized)
struct MonitoringTests {
    private static let roles = [
        "server", "scheduler", "worker-sync", "worker-attribution", "worker-conversion",
        "worker-export", "worker-upkeep",
    ]

    @Test("promtool finds nothing in any process's metrics; every panel and alert has its data")
    func realProcesses() async throws {
        let folder = try ScratchFolder()
        let first = try FreePort.first(of: Self.roles.count)
        let stack = try await RunningStack.start(
            in: folder,
            calls: 60,
            environment: [
                "RINGBACK_METRICS": "127.0.0.1:\(first)",
                "RINGBACK_SCHEDULES": try schedules(in: folder),
            ]
        )
        let prometheus = try await PrometheusServer.start(in: folder, scraping: first)
        do {
            #expect(try await stack.sendWebhook("{\"type\":\"of no meaning\"}") == 200)
            for (index, role) in Self.roles.enumerated() {
                try await checkMetrics(of: role, at: first + index, in: folder)
            }
            try await checkData(in: prometheus)
            try await checkLabels(in: prometheus)
        } catch {
            Issue.record(error, "\(prometheus.log) \(stack.process.recentOutput)")
        }
        await prometheus.end()
        stack.process.signal(SIGTERM)
        #expect(await stack.process.ended() == .exited(0))
    }

    /// The shipped schedules, and one that fires while the test looks.
    private func schedules(in folder: ScratchFolder) throws -> String {
        let path = "\(folder.path)/schedules"
        try FileManager.default.copyItem(
            atPath: "\(Executables.checkout)/schedules",
            toPath: path
        )
        let often = "- name: often\n  cron: every 1s\n  job: attribution\n  args: { sweep: open }\n"
        try Data(often.utf8).write(to: URL(fileURLWithPath: "\(path)/often.yaml"))
        return path
    }

    private func checkMetrics(
        of role: String,
        at port: Int,
        in folder: ScratchFolder
    ) async throws {
        let client = try HTTPClient(ambient: .live())
        let request = HTTPRequest(url: "http://127.0.0.1:\(port)/metrics")
        // The stack is up when its server is; a worker may still be starting.
        _ = try await eventually(within: .seconds(20), every: .milliseconds(100)) {
            do {
                return try await client.send(request).status == 200
            } catch {
                return false
            }
        }
        let response = try await client.send(request)
        await client.shutDown()
        #expect(response.status == 200, "\(role)")
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.contains("ringback_build_info{program=\"\(role)\","), "\(text)")
        // A metric that nobody described has its name for a help, without a full stop.
        let helps = text.split(separator: "\n").filter { $0.hasPrefix("# HELP ") }
        #expect(helps.filter { !$0.hasSuffix(".") } == [], "\(role)")
        let file = "metrics-\(role)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
        let lint = try await Promtool.run(["check", "metrics"], input: file, in: folder.path)
        #expect(lint.ending == .exited(0), "\(role): \(lint.output)")
        #expect(lint.output == "", "\(role)")
    }

    private func checkData(in prometheus: PrometheusServer) async throws {
        let expressions = try Dashboard.shipped().expressions
        #expect(expressions.count >= 40)
        let metrics = try AlertFiles().metrics
        var missing = Array(metrics) + expressions
        let hasAll = try await eventually(within: .seconds(60), every: .milliseconds(500)) {
            var left: [String] = []
            for expression in missing
            where try await prometheus.query(expression).isEmpty { left.append(expression) }
            missing = left
            return left.isEmpty
        }
        #expect(hasAll, "without data: \(missing)")
        #expect(try await prometheus.brokenRules() == [])
    }

    /// Labels come from a fixed vocabulary: no ids, no numbers of people, no addresses.
    private func checkLabels(in prometheus: PrometheusServer) async throws {
        let series = try await prometheus.series()
        let own = series.filter { $0["__name__"]?.hasPrefix("ringback_") == true }
        #expect(own.count > 300)
        let allowed: Set<String> = [
            "__name__", "job", "instance", "role", "le", "queue", "lane", "kind", "outcome",
            "schedule", "check", "type", "result", "program", "version", "state",
        ]
        #expect(
            own.reduce(into: Set<String>()) { $0.formUnion($1.keys) }.subtracting(allowed) == []
        )
        let measured: Set<String> = ["__name__", "instance", "le", "version"]
        let values = own.flatMap { labels in
            labels.filter { !measured.contains($0.key) }.map(\.value)
        }
        #expect(Set(values).filter { $0.wholeMatch(of: /[a-z][a-z0-9_-]{0,30}/) == nil } == [])
    }

    @Test("promtool takes the configuration, the rules and the rules' tests")
    func files() async throws {
        let folder = PrometheusServer.configuration
        let files = try AlertFiles()
        var commands = [
            ["check", "config", "prometheus.yml"], ["check", "config", "prometheus-compose.yml"],
            ["check", "rules", "ringback-objectives.yml", "ringback-alerts.yml"],
        ]
        commands.append(["test", "rules"] + files.testFiles.map { "tests/\($0)" })
        for command in commands {
            let result = try await Promtool.run(command, in: folder)
            #expect(result.ending == .exited(0), "\(command): \(result.output)")
        }
    }

    @Test("every alert has a test in which it fires and one in which it does not, and a remedy")
    func alertCoverage() throws {
        let files = try AlertFiles()
        let alerts = Set(files.rules.compactMap(\.alert))
        #expect(alerts.count >= 20)
        let firing = Set(files.expectations.filter { !$0.alerts.isEmpty }.map(\.alert))
        let silent = Set(files.expectations.filter(\.alerts.isEmpty).map(\.alert))
        #expect(alerts.subtracting(firing) == [])
        #expect(alerts.subtracting(silent) == [])
        #expect(firing.union(silent).subtracting(alerts) == [])
        let manual = try String(
            contentsOfFile: "\(Executables.checkout)/docs/operations.md",
            encoding: .utf8
        )
        #expect(alerts.filter { !manual.contains("`\($0)`") } == [])
    }

    @Test("systemd takes the units, and the target wants a worker of every kind")
    func units() async throws {
        let source = "\(Executables.checkout)/ops/systemd"
        let folder = try ScratchFolder()
        var names: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: source)
        where name.hasSuffix(".service") || name.hasSuffix(".target") {
            // The programs stand elsewhere here; all else is as it ships.
            let text = try String(contentsOfFile: "\(source)/\(name)", encoding: .utf8)
                .replacingOccurrences(of: "/usr/lib/ringback", with: Executables.folder)
            let file = URL(fileURLWithPath: "\(folder.path)/\(name)")
            try Data(text.utf8).write(to: file)
            names.append(file.path)
        }
        #expect(names.count == 4)
        var command = ChildProcess.Command(["systemd-analyze", "verify", "--man=no"] + names)
        command.package = "systemd"
        let result = try await ChildProcess.run(command)
        #expect(result.ending == .exited(0), "\(result.output)")
        #expect(result.output == "")
        let target = try String(contentsOfFile: "\(source)/ringback.target", encoding: .utf8)
        for kind in try FileManager.default.contentsOfDirectory(
            atPath: "\(Executables.checkout)/workers"
        ) {
            #expect(target.contains("ringback-worker@\(kind).service"))
        }
    }
}
