package import CallJobs
package import CallStore
package import JobWorker

/// What upkeep jobs do outside of this machine; the worker brings it along.
package struct UpkeepErrands: Sendable {
    package typealias Result = HandlerResult<StoreChange>

    /// Tells an endpoint of what waits for it.
    package let deliver: @Sendable (EndpointID, JobContext) async throws -> Result

    /// Passes a finished export on by one channel.
    package let sendExport: @Sendable (ExportDelivery, JobContext) async throws -> Result

    /// Checks the rules of the alerts, and tells who is to know.
    package let alerts: @Sendable (JobContext) async throws -> Result

    /// Mails what yesterday was.
    package let digest: @Sendable (JobContext) async throws -> Result

    package init(
        deliver: @escaping @Sendable (EndpointID, JobContext) async throws -> Result,
        sendExport: @escaping @Sendable (ExportDelivery, JobContext) async throws -> Result,
        alerts: @escaping @Sendable (JobContext) async throws -> Result,
        digest: @escaping @Sendable (JobContext) async throws -> Result
    ) {
        self.deliver = deliver
        self.sendExport = sendExport
        self.alerts = alerts
        self.digest = digest
    }

    /// For a worker that reaches nobody: the jobs go to `dead`, where they are seen.
    package static let none = UpkeepErrands(
        deliver: { _, _ in .dead(reason: "this worker delivers nothing") },
        sendExport: { _, _ in .dead(reason: "this worker sends no exports") },
        alerts: { _ in .dead(reason: "this worker checks no alerts") },
        digest: { _ in .dead(reason: "this worker sends no mails") }
    )
}
