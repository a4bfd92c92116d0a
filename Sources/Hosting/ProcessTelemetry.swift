import Ambient
import CoreMetrics
package import Logging
import Settings
package import Telemetry

/// The log and the metrics of a process, set up once.
package struct ProcessTelemetry: Sendable {
    package let logger: Logger
    package let metrics: MetricsRegistry

    private init(logger: Logger, metrics: MetricsRegistry) {
        self.logger = logger
        self.metrics = metrics
    }

    /// Makes our backends the ones of swift-log and swift-metrics; once per process.
    static func bootstrap(
        program: String,
        settings: Settings,
        ambient: Ambient,
        level: Logger.Level? = nil
    ) -> ProcessTelemetry {
        let output = LogOutput(
            format: settings.log.format == .json ? .json : .text,
            mask: LogMask(secrets: settings.secrets.map { $0.reveal() }),
            now: ambient.now
        )
        let level = level ?? settings.log.level
        LoggingSystem.bootstrap { label in
            MaskingLogHandler(label: label, level: level, output: output)
        }
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(registry)
        return ProcessTelemetry(logger: Logger(label: program), metrics: registry)
    }

    /// Everything that `/metrics` says of this process.
    package func prometheusText() -> String {
        PrometheusText.render(metrics.families() + ProcessFigures.families())
    }
}
