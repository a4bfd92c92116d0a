import Foundation
import Yams

/// The alert rules and their tests, as `promtool` reads them.
struct AlertFiles {
    struct Rules: Decodable {
        struct Group: Decodable {
            let rules: [Rule]
        }

        struct Rule: Decodable {
            let alert: String?
            let expr: String
        }

        let groups: [Group]
    }

    struct Tests: Decodable {
        struct Test: Decodable {
            let expectations: [Expectation]

            private enum CodingKeys: String, CodingKey {
                case expectations = "alert_rule_test"
            }
        }

        struct Expectation: Decodable {
            struct Alert: Decodable {
                let labels: [String: String]

                private enum CodingKeys: String, CodingKey {
                    case labels = "exp_labels"
                }
            }

            let alert: String
            let alerts: [Alert]

            private enum CodingKeys: String, CodingKey {
                case alert = "alertname"
                case alerts = "exp_alerts"
            }
        }

        let tests: [Test]
    }

    let rules: [Rules.Rule]
    let expectations: [Tests.Expectation]

    /// Names of the files under tests/.
    let testFiles: [String]

    init() throws {
        let folder = PrometheusServer.configuration
        rules = try ["ringback-objectives.yml", "ringback-alerts.yml"].flatMap { name in
            try Self.read(Rules.self, "\(folder)/\(name)").groups.flatMap(\.rules)
        }
        testFiles = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/tests").sorted()
        expectations = try testFiles.flatMap { name in
            try Self.read(Tests.self, "\(folder)/tests/\(name)").tests.flatMap(\.expectations)
        }
    }

    /// Metrics of ours that the rules read.
    var metrics: Set<String> {
        let names = rules.flatMap { rule in
            rule.expr.matches(of: /\b(?:ringback|process)_[a-z_]+/).map { String($0.output) }
        }
        return Set(names)
    }

    private static func read<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
        try YAMLDecoder().decode(type, from: String(contentsOfFile: path, encoding: .utf8))
    }
}
