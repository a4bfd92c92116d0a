/// What bytes are called that somebody pushed by hand, before a worker adopts or buries them.
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

    /// What a worker is given for fetched bytes that begin like an envelope and are none.
    ///
    /// The name is unique: a fence names one delivery, and the position one place in it.
    package static func spoilt(_ bytes: [UInt8], fence: Int64, position: Int) -> Job {
        do {
            var job = shown(bytes, id: try JobID("garbage-\(fence)-\(position)"))
            job.defect = "malformed envelope"
            return job
        } catch {
            preconditionFailure("A word and two numbers make an identifier: \(error)")
        }
    }

    /// How such bytes are shown while their worker has them.
    package static func running(_ bytes: [UInt8], in batch: Batch.Reference) -> Job {
        shown(bytes, id: job(in: batch.text, at: 0))
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
