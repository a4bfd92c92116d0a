import Ambient
import CallStore
import CoreMetrics
import JobWorker
package import Logging
import Settings
package import Telemetry
import Traces

/// The log and the metrics of a process, set up once.
package struct ProcessTelemetry: Sendable {
    package let logger: Logger
    package let metrics: MetricsRegistry
    private let program: String

    private init(program: String, logger: Logger, metrics: MetricsRegistry) {
        self.program = program
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
        LoggingSystem.bootstrap(
            { label, provider in
                var handler = MaskingLogHandler(label: label, level: level, output: output)
                handler.metadataProvider = provider
                return handler
            },
            metadataProvider: TraceScope.metadataProvider
        )
        let registry = MetricsRegistry()
        registry.describe(WorkerMetrics.helps)
        registry.describe(StoreMetrics.helps)
        MetricsSystem.bootstrap(registry)
        return ProcessTelemetry(
            program: program,
            logger: Logger(label: program),
            metrics: registry
        )
    }

    /// What the process has counted, and what the system and the build know of it.
    package func families() -> [MetricFamily] {
        metrics.families() + ProcessFigures.families()
            + [ProcessFigures.build(program: program, version: Release.version)]
    }
}
