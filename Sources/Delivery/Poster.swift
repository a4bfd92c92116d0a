package import Ambient
import Foundation
package import HTTPClient

/// What became of one attempt to post something.
package struct PostResult: Hashable, Sendable {
    package var isDelivered: Bool

    /// Of the answer; nil when there was none.
    package var status: Int?

    /// Why it is not delivered; quotes nothing of the answer.
    package var reason: String?
    package var milliseconds: Int
}

/// Posts signed JSON to addresses of others.
package struct Poster: Sendable {
    private let http: HTTPClient
    private let ambient: Ambient

    /// Hosts that may be in a private network, in lower case.
    private let privateHosts: Set<String>

    package init(http: HTTPClient, ambient: Ambient, privateHosts: Set<String> = []) {
        self.http = http
        self.ambient = ambient
        self.privateHosts = privateHosts
    }

    /// Posts a body once; redirects are not followed, and only a 2xx counts.
    ///
    /// - Parameters:
    ///   - body: JSON.
    ///   - url: Where to.
    ///   - secret: Signs it.
    ///   - id: The same in every attempt, for the receiver to tell repeats by.
    /// - Returns: What became of it.
    /// - Throws: `CancellationError` when the job is to end.
    package func post(
        _ body: [UInt8],
        to url: String,
        secret: String,
        id: String
    ) async throws -> PostResult {
        guard let address = OutgoingAddress(url) else {
            return PostResult(
                isDelivered: false,
                status: nil,
                reason: "the address is none",
                milliseconds: 0
            )
        }
        let reach = address.reach(allowing: privateHosts)
        let unix = Int64(ambient.now().timeIntervalSince1970.rounded(.down))
        let request = HTTPRequest(
            method: .post,
            url: address.text,
            headers: [
                HTTPHeader("content-type", "application/json"),
                HTTPHeader(
                    Signature.header,
                    Signature.value(of: body, secret: secret, atUnix: unix)
                ),
                HTTPHeader("ringback-event-id", id),
            ],
            body: body,
            timeouts: HTTPTimeouts(
                connect: DeliveryLimits.connectMax,
                firstByte: DeliveryLimits.answerMax,
                idle: DeliveryLimits.answerMax,
                total: DeliveryLimits.attemptMax
            ),
            responseBytesMax: DeliveryLimits.answerBytesMax,
            reach: reach
        )
        let begin = ambient.elapsed()
        var status: Int?
        var reason: String?
        do throws(HTTPError) {
            let response = try await http.send(request)
            status = response.status
            if !(200...299).contains(response.status) { reason = "status \(response.status)" }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            reason = Self.reason(error, reach)
        }
        let components = (ambient.elapsed() - begin).components
        return PostResult(
            isDelivered: status != nil && reason == nil,
            status: status,
            reason: reason,
            milliseconds: Int(components.seconds) * 1_000
                + Int(components.attoseconds / 1_000_000_000_000_000)
        )
    }

    private static func reason(_ error: HTTPError, _ reach: HTTPReach) -> String {
        if case .cannotConnect = error, reach == .publicOnly {
            return "no connection; a host in a private network is refused unless "
                + "RINGBACK_PRIVATE_HOSTS names it"
        }
        return "\(error)"
    }
}

/// The numbers of deliveries, each with its reason.
package enum DeliveryLimits {
    package static let connectMax = Duration.seconds(5)
    package static let answerMax = Duration.seconds(10)

    /// One attempt with all its parts.
    package static let attemptMax = Duration.seconds(15)

    /// Bytes of an answer that are read; nobody looks at them.
    package static let answerBytesMax = 64 * 1_024

    /// Events of one job: all of them at their slowest end before the job's own limit.
    package static let eventsPerJobMax = 30

    /// Wait after a first failure, doubled with each further one up to the longest.
    package static let pause = Duration.seconds(10)
    package static let pauseMax = Duration.seconds(15 * 60)

    /// An event that could not be delivered for so long is given up, and the next one tried.
    package static let ageMax = Duration.seconds(72 * 60 * 60)
}
