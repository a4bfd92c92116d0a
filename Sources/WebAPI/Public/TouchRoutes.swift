import Ambient
import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What people's codes and landing pages ask for: a scan with its redirect, and page views.
///
/// Anybody may ask. What comes in is a token and nothing else, and the answer to one that nobody
/// has says no more than that.
struct TouchRoutes: RouteGroup {
    static let beaconPath = "/beacon"
    static let pixelPath = "/beacon.gif"

    private let parts: WebParts
    private let visitors: VisitorLog

    init(parts: WebParts) {
        self.parts = parts
        visitors = VisitorLog(elapsed: parts.ambient.elapsed)
    }

    func add(to router: Router<WebContext>) {
        let scan = RouterPath(TokenTarget.scanFolder + ":token")
        router.get(scan) { request, context in try await answerScan(request, context) }
        router.head(scan) { request, context in try await answerScan(request, context) }
        router.post(RouterPath(Self.beaconPath)) { request, context in
            try await answerBeacon(request, context)
        }
        router.get(RouterPath(Self.pixelPath)) { request, context in
            try await answerPixel(request, context)
        }
    }

    // MARK: Scans

    private func answerScan(_ request: Request, _ context: WebContext) async throws -> Response {
        guard visitors.admit(context.client) else { return PublicAnswer.tooMany }
        let token = context.parameters.get("token") ?? ""
        let target: TokenTarget?
        do {
            target = try await parts.store.target(ofToken: token)
        } catch {
            parts.logger.error("A code could not be looked up", metadata: ["error": "\(error)"])
            return PublicAnswer.page(.unavailable)
        }
        guard let target else { return PublicAnswer.page(.unknown) }
        await record(.scan, token, target, request, context)
        guard let landing = target.landing else { return PublicAnswer.page(.withoutPage) }
        return Response(status: .found, headers: [.location: landing.carrying(token)])
    }

    // MARK: Page views

    /// `{"token": "…"}`, as JSON under whatever type: `sendBeacon` can say none but `text/plain`.
    private struct Beacon: Decodable {
        var token: String
    }

    private func answerBeacon(_ request: Request, _ context: WebContext) async throws -> Response {
        guard visitors.admit(context.client) else { return PublicAnswer.tooMany }
        let body = try await RequestBody.read(
            request,
            upTo: PublicLimits.beaconBytesMax,
            parts.ambient
        )
        let beacon: Beacon
        do {
            beacon = try JSONDecoder().decode(Beacon.self, from: Data(body))
        } catch {
            throw APIError(.cannotBeRead, "A page view is {\"token\": \"…\"}.")
        }
        await recordView(of: beacon.token, request, context)
        return Response(status: .noContent)
    }

    private func answerPixel(_ request: Request, _ context: WebContext) async throws -> Response {
        guard visitors.admit(context.client) else { return PublicAnswer.tooMany }
        if let token = FormFields(request).items.first(where: { $0.name == "token" }) {
            await recordView(of: token.value, request, context)
        }
        return PublicAnswer.pixel
    }

    private func recordView(
        of token: String,
        _ request: Request,
        _ context: WebContext
    ) async {
        do {
            guard let target = try await parts.store.target(ofToken: token) else { return }
            await record(.pageView, token, target, request, context)
        } catch {
            parts.logger.error("A page view is lost", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Recording

    /// Keeps the touch, unless no person made it or it was just made.
    ///
    /// A person who waits for a page is not kept from it by a store that is away.
    private func record(
        _ kind: Touch.Kind,
        _ token: String,
        _ target: TokenTarget,
        _ request: Request,
        _ context: WebContext
    ) async {
        guard request.method != .head, !Automaton.sent(request.headers),
            visitors.isNew(context.client, token: token, kind: kind)
        else { return }
        let touch = Touch(
            kind: kind,
            atUnix: parts.ambient.unixMilliseconds / 1_000,
            token: token
        )
        do throws(StoreError) {
            try await parts.store.write { writer in
                if let recipient = target.recipient {
                    try writer.add(touch, of: recipient)
                } else {
                    try writer.add(touch, of: target.campaign)
                }
            }
        } catch {
            parts.logger.error(
                "A touch is lost",
                metadata: ["kind": "\(kind.rawValue)", "error": "\(error)"]
            )
        }
    }
}

/// The numbers of the public routes, each with its reason.
package enum PublicLimits {
    /// Bytes of a page view's body: a token and some room.
    package static let beaconBytesMax = 4 * 1_024

    /// Requests of one address in `rateSpan`: a classroom behind one address scans less.
    package static let requestsMax = 240
    package static let rateSpan = Duration.seconds(60)

    /// A scan or a view of the same token from the same address in this time is the same one: a
    /// reload, or a browser that asks twice.
    package static let repeatSpan = Duration.seconds(10)

    /// Addresses, and scans, that are remembered at a time.
    package static let rememberedMax = 10_000
}
