package import CallStore
import Foundation
package import JobQueue

/// The typed arguments of one job kind, carried as a JSON object.
///
/// They hold ids and ranges, never a phone number or a transcript: what a handler works on it
/// reads from the store when it runs.
package protocol JobArguments: Sendable, Hashable {
    static var kind: JobKind { get }

    /// Takes the fields it knows; the caller ends the reading.
    init(taking fields: inout ArgumentFields) throws(ArgumentsError)

    var fields: [String: StoredValue] { get }
}

extension JobArguments {
    /// Reads arguments strictly: a field nobody knows is an error that names it.
    package init(payload: [UInt8]) throws(ArgumentsError) {
        var fields = try ArgumentFields(payload: payload)
        try self.init(taking: &fields)
        try fields.finish()
    }

    /// Reads the arguments of a job, unpacking them if they are compressed.
    package init(of job: Job) throws(ArgumentsError) {
        let payload: [UInt8]
        do throws(PayloadError) {
            payload = try job.arguments()
        } catch {
            switch error {
            case .tooLarge(let limit):
                throw .notAnObject(reason: "over \(limit) bytes when unpacked")
            case .damaged:
                throw .notAnObject(reason: "the compressed bytes are damaged")
            }
        }
        try self.init(payload: payload)
    }

    /// The JSON object, keys in order.
    package var payload: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(fields))
        } catch {
            preconditionFailure("Arguments hold no number that JSON cannot hold.")
        }
    }
}

/// The most calls that one job names.
package let callsPerJobMax = 500
