/// The numbers of the client, each with its reason.
package enum ElevenLabsLimits {
    /// Rows of a page: the upstream's own limit.
    package static let pageSizeMax = 100

    /// Longest request, from its permit to its last byte; usual ones take under a second.
    package static let requestMax = Duration.seconds(30)

    /// How long a permit must be leased: what a killed worker held is free again after this.
    package static let permitLease = requestMax + .seconds(10)

    /// Times a request is made before its failure is the caller's: the job's own retries come on
    /// top, further apart.
    package static let attemptsMax = 3

    /// Longest wait for permits within one call; a job that waits holds a worker's slot.
    package static let permitWaitMax = Duration.seconds(60)

    /// Longest single wait for a permit before the budget is asked again.
    static let permitPause = Duration.seconds(5)

    /// Longest wait within one call for an open breaker: a job that waits longer gives its slot to
    /// others.
    static let openWaitMax = Duration.seconds(2)

    /// First wait before a request is made again, doubled each time, with jitter.
    static let backoffBase = Duration.milliseconds(500)

    /// Longest wait that an answer can ask for; more is taken as this.
    package static let retryAfterMax = Duration.seconds(600)

    /// Longest wait within one call; beyond it the caller is told to come back.
    static let inlineWaitMax = Duration.seconds(10)

    /// Bytes of a detail; an hour's call with metrics has about two million.
    package static let responseBytesMax = 64 * 1_024 * 1_024

    /// Characters of the upstream's message that are shown.
    static let messageCharactersMax = 200

    /// Bytes of an error's body that are read as JSON.
    static let errorBytesMax = 64 * 1_024
}
