import JobQueue
import RedisClient

extension QueueError {
    /// What an error of Redis means to the queue's callers.
    init(_ error: RedisError) {
        switch error {
        case .server(let error): self.init(error)
        case .cannotConnect(let reason): self = .unavailable(reason: "cannot connect: \(reason)")
        case .timeout: self = .unavailable(reason: "no answer in time")
        case .closed: self = .unavailable(reason: "the connection ended")
        case .protocolError(let reason): self = .protocolViolation(reason: reason)
        case .cancelled: self = .cancelled
        }
    }

    private init(_ error: RedisServerError) {
        switch error {
        case .loading: self = .unavailable(reason: "Redis is loading its data")
        case .busy: self = .unavailable(reason: "Redis is busy with a script")
        case .readOnly: self = .refused(reason: "this Redis is a read-only replica")
        case .outOfMemory: self = .full
        case .cannotPersist(let message):
            self = .unavailable(reason: "Redis cannot write to its disk: \(message)")
        case .noAuthentication(let message): self = .refused(reason: message)
        case .noPermission(let message): self = .refused(reason: message)
        case .noScript: self = .protocolViolation(reason: "the server forgets scripts at once")
        case .moved: self = .refused(reason: "this node of the cluster does not hold the queue")
        case .other(let message): self.init(message: message)
        }
    }

    private init(message: String) {
        let words = message.split(separator: " ", maxSplits: 2)
        switch words.first {
        case "RBLAYOUT":
            let found = words.dropFirst().first.flatMap { Int($0) } ?? 0
            self = .layoutTooNew(found: found, known: QueueScripts.layout)
        case "RBCANCELS":
            self = .refused(reason: "too many cancellations wait for their jobs")
        case let word? where RedisServerError.passing.contains(String(word)):
            self = .unavailable(reason: message)
        case "WRONGTYPE":
            self = .refused(reason: message)
        default:
            self = .protocolViolation(reason: message)
        }
    }
}

extension RedisError {
    /// Whether the same call may do better on the next try, soon.
    var isWorthRepeating: Bool {
        switch self {
        case .timeout, .closed: true
        case .server(let error): error.isWorthRepeating
        // The client has tried to connect for as long as its limits allow.
        case .cannotConnect, .protocolError, .cancelled: false
        }
    }
}

extension RedisServerError {
    /// What error replies begin with that are of a state of the server which passes.
    fileprivate static let passing: Set<String> = [
        "UNBLOCKED", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS",
    ]

    /// States that pass: a start, a failover, a long script.
    fileprivate var isWorthRepeating: Bool {
        switch self {
        case .loading, .readOnly, .busy: true
        case .other(let message): Self.passing.contains { message.hasPrefix($0) }
        case .outOfMemory, .cannotPersist, .noAuthentication, .noPermission, .noScript, .moved:
            false
        }
    }
}
