/// Where exports go and how long they stay.
package struct ExportSettings: Sendable, Equatable {
    /// The folder; made when it is not there.
    package var folder: String

    /// How long a file stays: a link that is passed on must not live for ever.
    package var expiry: Duration

    /// IANA name of the zone of local times, where a job names none.
    package var timeZone: String

    /// Calls in one part: what a crash costs at most, about a tenth of a second of work.
    package var partCalls: Int

    package init(
        folder: String,
        expiry: Duration = .seconds(24 * 3600),
        timeZone: String = "UTC",
        partCalls: Int = 25_000
    ) {
        self.folder = folder
        self.expiry = expiry
        self.timeZone = timeZone
        self.partCalls = partCalls
    }
}
