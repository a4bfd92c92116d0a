/// How bytes that somebody pushed by hand are shown before a worker adopts or buries them.
package enum HandPushedName {
    /// The kind under which they are listed.
    package static let kind = "hand-pushed"

    /// The name of what lies at a position of a list, counted from its front.
    package static func job(in list: String, at index: Int) -> JobID {
        do {
            return try JobID("\(kind)-\(list)-\(index)")
        } catch {
            preconditionFailure("A list's name is an identifier: \(error)")
        }
    }

    /// A stand-in that carries the bytes as its payload.
    package static func shown(_ bytes: [UInt8], id: JobID) -> Job {
        Job(
            id: id,
            kind: kind,
            lane: .std,
            attempt: 1,
            crashes: 0,
            createdMilliseconds: 0,
            readyMilliseconds: 0,
            payload: bytes,
            unique: nil,
            uniqueHorizon: .zero,
            trace: nil
        )
    }
}
