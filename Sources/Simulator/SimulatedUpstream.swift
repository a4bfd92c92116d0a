package import Ambient
import Foundation
package import Logging

/// The simulated API without a network: takes requests, gives replies.
package struct SimulatedUpstream: Sendable {
    package let world: World
    package let faults: FaultBox
    let webhooks = WebhookHealth()
    let apiKey: String
    let ambient: Ambient
    let logger: Logger

    package init(
        _ settings: WorldSettings,
        apiKey: String,
        faults: FaultProfile = .none,
        ambient: Ambient,
        logger: Logger
    ) {
        world = World(settings)
        self.faults = FaultBox(seed: settings.seed, profile: faults)
        self.apiKey = apiKey
        self.ambient = ambient
        self.logger = logger
        set(faults)
    }

    /// Changes how it misbehaves; what was counted stays.
    package func set(_ profile: FaultProfile) {
        faults.set(profile)
        world.set(Quirks(profile, seed: world.settings.seed))
    }

    /// The present time in Unix seconds.
    package var now: Int { Int(ambient.now().timeIntervalSince1970.rounded(.down)) }

    /// Answers a request, or misbehaves as the fault mode says.
    package func reply(to request: APIRequest) -> APIReply {
        if request.path.first == "_truth" { return truth(request) }
        let fault = faults.begin(target(of: request), at: ambient.elapsed())
        defer { faults.end() }
        switch fault {
        case .rateLimited(let concurrent, let oldStyle, let hint)?:
            return refusal(concurrent: concurrent, oldStyle: oldStyle, hint: hint)
        case .failing(let status, let oldStyle)?:
            return failure(status: status, oldStyle: oldStyle)
        case .slow(let delay)?:
            var reply = answer(request)
            reply.delay = delay
            return reply
        case .cutShort(let share)?:
            var reply = answer(request)
            reply.cutAfter = share
            return reply
        case .dripping(let time)?:
            var reply = answer(request)
            reply.drip = time
            return reply
        case .garbled(let share)?:
            var reply = answer(request)
            reply.garble(at: share)
            return reply
        case nil:
            return answer(request)
        }
    }

    private func target(of request: APIRequest) -> String {
        let query = request.query.items.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return request.method + " /" + request.path.joined(separator: "/") + "?" + query
    }

    private func refusal(concurrent: Bool, oldStyle: Bool, hint: Int?) -> APIReply {
        let code = concurrent ? "concurrent_limit_exceeded" : "rate_limit_exceeded"
        let oldCode = concurrent ? "too_many_concurrent_requests" : "system_busy"
        let message = concurrent ? "Too many concurrent requests." : "Rate limit exceeded."
        var reply =
            oldStyle
            ? APIError.oldReply(429, code: oldCode, message: message)
            : APIError.reply(
                429,
                type: "rate_limit_error",
                code: code,
                message: message,
                requestID: requestID()
            )
        if let hint { reply.headers.append(("retry-after", String(hint))) }
        return reply
    }

    private func failure(status: Int, oldStyle: Bool) -> APIReply {
        let code = status == 503 ? "maintenance" : "internal_error"
        let message = status == 503 ? "Down for maintenance." : "Something went wrong."
        guard !oldStyle else { return APIError.oldReply(status, code: code, message: message) }
        return APIError.reply(
            status,
            type: status == 503 ? "service_unavailable" : "internal_error",
            code: code,
            message: message,
            requestID: requestID()
        )
    }

    /// A name for a request, for the reply's body and header.
    func requestID() -> String {
        ambient.newID().uuidString.replacing("-", with: "").lowercased()
    }
}
