/// The numbers of the client, each with its reason.
package enum HTTPLimits {
    /// Requests under way or waiting for a connection; beyond it a caller is told at once.
    package static let transfersMax = 4_096

    /// Bytes of a response's head, all lines together; servers commonly allow 8 to 32 KiB.
    package static let headBytesMax = 256 * 1_024

    /// Bytes of a stream's body that wait for the reader before the transfer is paused.
    package static let streamBufferBytesMax = 256 * 1_024

    /// Handles kept for the next request: making one costs more than resetting one.
    static let spareHandlesMax = 64

    /// Longest sleep of the loop when nothing happens; a wake-up ends it at once.
    static let pollMax = Duration.seconds(60)
}
