package import CallStore
import Logging
import RedisClient
import Settings
package import Telemetry

extension Host {
    /// How long one check of the health endpoint may take.
    private static let checkMax = Duration.seconds(2)

    /// Runs a body, and beside it the health endpoint when an address is set.
    ///
    /// - Parameters:
    ///   - checks: What `/healthz` goes by; asked for each request.
    ///   - families: Metrics that are read when somebody asks for them, besides what is counted.
    ///   - body: The program; the endpoint ends with it.
    /// - Returns: What the body returned.
    /// - Throws: What the body throws; `StartFailure` when the address cannot be listened on.
    package func withHealth<Value: Sendable>(
        checks: @escaping @Sendable () async -> [HealthReport.Check],
        families: @escaping @Sendable () -> [MetricFamily] = { [] },
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let telemetry = telemetry
        let report: @Sendable () async -> HealthReport = { HealthReport(checks: await checks()) }
        return try await withEndpoint(
            metrics: {
                let health = await report().family
                return PrometheusText.render(telemetry.families() + families() + [health])
            },
            health: report,
            body
        )
    }

    /// Runs a body, and beside it an endpoint with these answers when an address is set.
    package func withEndpoint<Value: Sendable>(
        metrics: @escaping @Sendable () async -> String,
        health: @escaping @Sendable () async -> HealthReport,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let address = settings.worker.metrics else { return try await body() }
        let server = HealthServer(
            host: address.host,
            port: address.port,
            metrics: metrics,
            health: health
        )
        let logger = logger
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                do {
                    try await server.run { port in
                        logger.info("Serving health and metrics", metadata: ["port": "\(port)"])
                    }
                } catch HealthServerError.cannotListen(let place, let reason) {
                    throw StartFailure(
                        .failed,
                        "RINGBACK_METRICS=\(place) cannot be listened on (\(reason)); choose a "
                            + "free port, or leave it unset"
                    )
                }
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    /// Whether Redis takes commands.
    package func redisCheck(_ queues: OpenQueues) async -> HealthReport.Check {
        do {
            _ = try await queues.redis.send(.init("PING"), timeout: Self.checkMax)
            return HealthReport.Check(name: "redis", isHealthy: true, detail: "")
        } catch {
            return HealthReport.Check(name: "redis", isHealthy: false, detail: "\(error)")
        }
    }

    /// Whether the store can be read.
    package func storeCheck(_ store: CallStore) async -> HealthReport.Check {
        do {
            _ = try await store.mark(.lastPoll)
            return HealthReport.Check(name: "store", isHealthy: true, detail: "")
        } catch {
            return HealthReport.Check(name: "store", isHealthy: false, detail: "\(error)")
        }
    }
}
