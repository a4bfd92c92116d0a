package import JobQueue

extension Job {
    /// A job in its first attempt, as a handler is given it.
    package static func first(
        _ id: String,
        kind: String,
        lane: Lane = .std,
        payload: [UInt8]
    ) throws -> Job {
        Job(
            id: try JobID(id),
            kind: kind,
            lane: lane,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: payload,
            unique: nil,
            uniqueHorizon: .zero,
            trace: nil
        )
    }
}
