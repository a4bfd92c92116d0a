package import JobQueue
package import Telemetry

/// The budget of requests to ElevenLabs, and how fresh the records are, as metrics.
package enum UpstreamMetrics {
    /// What was found; what could not be read is nil and left out.
    package struct Reading: Sendable {
        package var budget: BudgetState?

        /// When everything older had been listed and when the newest webhook came in, Unix
        /// milliseconds.
        package var lastPollMilliseconds: Int64?
        package var lastWebhookMilliseconds: Int64?

        /// Whether there is a secret, without which webhooks are refused.
        package var takesWebhooks: Bool
        package var nowMilliseconds: Int64
    }

    package static func families(_ reading: Reading) -> [MetricFamily] {
        var list = GaugeList()
        let now = reading.nowMilliseconds
        list.add(
            "ringback_upstream_parallel",
            "Requests to ElevenLabs that may be in flight now.",
            (reading.budget?.parallel).map(Double.init)
        )
        list.add(
            "ringback_upstream_parallel_max",
            "The configured limit of requests in flight.",
            (reading.budget?.ceiling).map(Double.init)
        )
        list.add(
            "ringback_upstream_requests_in_flight",
            "Requests to ElevenLabs that are in flight.",
            (reading.budget?.inFlight).map(Double.init)
        )
        list.add(
            "ringback_upstream_quiet_seconds",
            "For how long ElevenLabs wants no requests; 0 when it takes them.",
            reading.budget.map { budget in
                budget.quietUntilMilliseconds.map { Double(max(0, $0 - now)) / 1_000 } ?? 0
            }
        )
        list.add(
            "ringback_upstream_circuit_openings",
            "Times that the circuit breaker opened since a request succeeded last.",
            (reading.budget?.openings).map(Double.init)
        )
        list.add(
            "ringback_upstream_request_interval_seconds",
            "Time between two requests at the configured rate; 0 when there is none.",
            reading.budget.map { budget in
                budget.rate.map { Double($0.intervalMicroseconds) / 1_000_000 } ?? 0
            }
        )
        list.add(
            "ringback_webhooks_configured",
            "Whether there is a webhook secret; without one webhooks are refused.",
            reading.takesWebhooks ? 1 : 0
        )
        for (name, words, mark) in [
            ("poll", "everything older had been listed", reading.lastPollMilliseconds),
            ("webhook", "the newest webhook came in", reading.lastWebhookMilliseconds),
        ] {
            list.add(
                "ringback_last_\(name)_timestamp_seconds",
                "Unix time at which \(words).",
                mark.map { Double($0) / 1_000 }
            )
            list.add(
                "ringback_last_\(name)_age_seconds",
                "Seconds since \(words).",
                mark.map { Double(max(0, now - $0)) / 1_000 }
            )
        }
        return list.families + (reading.budget.map { [circuit($0.circuit)] } ?? [])
    }

    /// One series for each state, so that a state that has passed reads 0 and not nothing.
    private static func circuit(_ present: BudgetState.Circuit) -> MetricFamily {
        MetricFamily(
            name: "ringback_upstream_circuit",
            help: "Whether the circuit breaker of requests to ElevenLabs is in the state.",
            kind: .gauge,
            series: BudgetState.Circuit.allCases.map { circuit in
                MetricSeries(circuit == present ? 1 : 0, ("state", circuit.label))
            }
        )
    }
}

extension BudgetState.Circuit {
    /// The value of the label `state`.
    fileprivate var label: String {
        switch self {
        case .closed: "closed"
        case .open: "open"
        case .halfOpen: "half-open"
        }
    }
}

/// Gauges of one series without labels; one without a value is left out.
struct GaugeList {
    private(set) var families: [MetricFamily] = []

    mutating func add(_ name: String, _ help: String, _ value: Double?) {
        guard let value else { return }
        families.append(
            MetricFamily(name: name, help: help, kind: .gauge, series: [MetricSeries(value)])
        )
    }
}
