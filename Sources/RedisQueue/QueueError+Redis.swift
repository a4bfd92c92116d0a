import JobQueue
import RedisClient

extension QueueError {
    /// What a failed command means to a caller of the queue.
    init(_ error: RedisError) {
        switch error {
        case .cancelled: self = .cancelled
        case .timeout: self = .unavailable(reason: "no answer within the time limit")
        case .closed: self = .unavailable(reason: "the connection ended")
        case .cannotConnect(let reason): self = .unavailable(reason: reason)
        case .protocolError(let reason): self = .unavailable(reason: reason)
        case .server(let error): self = Self(error)
        }
    }

    init(_ error: RedisServerError) {
        switch error {
        case .outOfMemory: self = .full
        case .loading: self = .unavailable(reason: "Redis is loading its data")
        case .busy: self = .unavailable(reason: "Redis is busy with a script")
        case .noScript: self = .unavailable(reason: "Redis has lost a script")
        case .readOnly: self = .refused(reason: "this Redis is a read-only replica")
        case .noAuthentication(let message), .noPermission(let message):
            self = .refused(reason: message)
        case .moved: self = .refused(reason: "the keys are on another node of a cluster")
        case .other(let message): self = Self(message: message)
        }
    }

    /// Errors that have no case of their own, by their first word.
    private init(message: String) {
        let words = message.split(separator: " ", maxSplits: 1)
        switch words.first.map(String.init) ?? "" {
        case "RBLAYOUT":
            let found = words.dropFirst().first.flatMap { Int($0) } ?? 0
            self = .layoutTooNew(found: found, known: QueueLayout.version)
        // An append-only file that cannot be written, a node that is changing its role.
        case "MISCONF", "UNBLOCKED", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "UNKILLABLE":
            self = .unavailable(reason: message)
        case "NOREPLICAS":
            self = .unavailable(reason: message)
        default:
            self = .protocolViolation(reason: message)
        }
    }
}

/// The layout of the queue's keys, marked in `ctl`.
package enum QueueLayout {
    /// As in `Scripts/prelude.lua`.
    package static let version = 1
}
