/// Whether a process does its work, and what it went by.
package struct HealthReport: Sendable, Equatable {
    package struct Check: Sendable, Equatable {
        package let name: String
        package let isHealthy: Bool

        /// What was found, in a few words and without secrets.
        package let detail: String

        package init(name: String, isHealthy: Bool, detail: String) {
            self.name = name
            self.isHealthy = isHealthy
            self.detail = detail
        }
    }

    package let checks: [Check]

    package init(checks: [Check]) {
        self.checks = checks
    }

    package var isHealthy: Bool { checks.allSatisfy(\.isHealthy) }

    /// `{"status":"ok","checks":{"redis":"ok"}}`, with the detail of what is not.
    package var json: String {
        let pairs = checks.map { check in
            let text = check.isHealthy ? "ok" : check.detail
            return "\(Self.quoted(check.name)):\(Self.quoted(text))"
        }
        let status = isHealthy ? "ok" : "failing"
        return "{\"status\":\"\(status)\",\"checks\":{\(pairs.joined(separator: ","))}}\n"
    }

    /// `ringback_healthy`, one series for each check: what the endpoint answers, for alerts.
    package var family: MetricFamily {
        MetricFamily(
            name: "ringback_healthy",
            help: "Whether a check of /healthz passes, by check.",
            kind: .gauge,
            series: checks.map { MetricSeries($0.isHealthy ? 1 : 0, ("check", $0.name)) }
        )
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 0x20: " "
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}
