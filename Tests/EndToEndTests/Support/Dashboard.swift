import Foundation

/// The parts of a Grafana dashboard that the tests look at.
struct Dashboard: Decodable {
    struct Panel: Decodable {
        struct Target: Decodable {
            let expr: String
        }

        let title: String
        let targets: [Target]?
    }

    let panels: [Panel]

    /// The shipped one.
    static func shipped() throws -> Dashboard {
        let file = URL(fileURLWithPath: "\(Executables.checkout)/ops/grafana/ringback.json")
        return try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
    }

    /// Every expression, with Grafana's variables replaced as Grafana would.
    var expressions: [String] {
        panels.flatMap { $0.targets ?? [] }.map { target in
            target.expr
                .replacingOccurrences(of: "$__rate_interval", with: "1m")
                .replacingOccurrences(of: "$queue", with: ".*")
        }
    }
}
