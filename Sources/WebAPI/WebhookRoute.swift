import Ambient
import CallJobs
import CallStore
import CoreMetrics
import ElevenLabs
import Foundation
import HTTPTypes
import Hummingbird
import JobQueue
import Logging
import Metrics
import Reports

/// Takes in post-call webhooks: checked, kept, then answered.
///
/// 200 means that the body is committed to the inbox together with the job that reads it. Every
/// other answer counts as a failure with the sender, which repeats it after 5xx and 429 only.
struct WebhookRoute: RouteGroup {
    static let path = "/api/webhooks/elevenlabs"

    /// What each metric means, for the registry.
    static let helps = [
        "ringback_webhooks_total": "Webhooks that came in, by type and what became of them.",
        "ringback_webhook_duration_seconds":
            "Time from a webhook's head to its answer, reading and keeping its body included.",
    ]

    /// What became of a webhook; a label of the metric.
    enum Result: String, Sendable, CaseIterable {
        case stored
        case known
        case erased
        case badSignature = "bad_signature"
        case foreignSource = "foreign_source"
        case tooLarge = "too_large"
        case notConfigured = "not_configured"
        case unavailable
        case unreadable
        case busy
    }

    private let parts: WebParts
    private let admission = WebhookAdmission(bytesMax: WebLimits.webhookBytesAtOnceMax)
    private let refusals: WebhookRefusals
    private let duration: Metrics.Timer

    /// Whether what comes in is a test of ours: it is checked like any other, and neither kept nor
    /// counted.
    private let isTrial: Bool

    init(parts: WebParts, isTrial: Bool = false) {
        self.parts = parts
        self.isTrial = isTrial
        refusals = WebhookRefusals(elapsed: parts.ambient.elapsed, logger: parts.logger)
        duration = Metrics.Timer(
            label: "ringback_webhook_duration_seconds",
            factory: parts.metrics
        )
    }

    func add(to router: Router<WebContext>) {
        router.post(RouterPath(Self.path)) { request, context in
            try await answer(request, from: context.client)
        }
        for method in [HTTPRequest.Method.get, .put, .patch, .delete, .head] {
            router.on(RouterPath(Self.path), method: method) { _, _ -> Response in
                throw APIError(.methodNotAllowed, "Webhooks are sent with POST.")
            }
        }
    }

    /// Answers, and measures how long it took.
    func answer(_ request: Request, from client: String) async throws -> Response {
        let begin = parts.ambient.elapsed()
        defer { if !isTrial { duration.record(duration: parts.ambient.elapsed() - begin) } }
        return try await take(request, from: client)
    }

    private func take(_ request: Request, from client: String) async throws -> Response {
        guard parts.verifier.hasSecret else {
            count(.notConfigured)
            throw APIError(
                .webhooksNotConfigured,
                "Webhooks are not taken: set ELEVENLABS_WEBHOOK_SECRET to the secret that "
                    + "ElevenLabs showed when the webhook was made, and restart the server."
            )
        }
        let sources = parts.policy.webhookSources
        guard isTrial || sources.isEmpty || sources.contains(client) else {
            count(.foreignSource)
            refusals.note(.source)
            throw APIError(.sourceNotAllowed, "Webhooks are not taken from this address.")
        }
        let room = try reserve(for: request)
        defer { admission.leave(room) }
        let body = try await read(request, upTo: room)
        do throws(WebhookSignatureError) {
            try parts.verifier.verify(
                body,
                signedBy: Self.signature(of: request.headers),
                now: parts.ambient.now()
            )
        } catch {
            count(.badSignature)
            if !isTrial { refusals.note(.signature(error)) }
            throw APIError(.badSignature, "The signature does not hold: \(error.rawValue).")
        }
        if isTrial { return .json(.fields(("status", .text("tried")))) }
        return try await keep(body)
    }

    // MARK: Reading

    private static func signature(of headers: HTTPFields) -> String? {
        guard let name = HTTPField.Name(WebhookVerifier.header) else { return nil }
        // Several headers of one name mean the same as one with commas.
        return headers[values: name].isEmpty
            ? nil : headers[values: name].joined(separator: ",")
    }

    /// Reserves the announced size, or the largest when none is announced.
    private func reserve(for request: Request) throws(APIError) -> Int {
        var room = WebLimits.webhookBytesMax
        if let length = request.headers[.contentLength].flatMap(Int.init) {
            guard length <= WebLimits.webhookBytesMax else { throw tooLarge() }
            room = max(length, 0)
        }
        guard admission.enter(room) else {
            count(.busy)
            throw APIError(.busy, "Too many webhooks at once; send this one again.")
        }
        return room
    }

    private func read(_ request: Request, upTo room: Int) async throws(APIError) -> [UInt8] {
        do throws(RequestBody.Failure) {
            return try await RequestBody.bytes(
                of: request,
                upTo: room,
                within: WebLimits.webhookReadMax,
                parts.ambient
            )
        } catch {
            switch error {
            case .tooLarge: throw tooLarge()
            case .tooSlow:
                count(.unreadable)
                throw APIError(.cannotBeRead, "The body took too long to arrive.")
            case .broken:
                count(.unreadable)
                throw APIError(.cannotBeRead, "The body did not arrive whole.")
            }
        }
    }

    private func tooLarge() -> APIError {
        count(.tooLarge)
        return APIError(
            .tooLarge,
            "A webhook may have \(WebLimits.webhookBytesMax) bytes."
        )
    }

    // MARK: Keeping

    private func keep(_ body: [UInt8]) async throws(APIError) -> Response {
        let envelope = Self.envelope(body)
        let delivery = InboxDelivery(
            type: envelope?.type.rawValue,
            conversationID: envelope?.conversationID,
            receivedAtMilliseconds: parts.ambient.unixMilliseconds,
            body: Data(body)
        )
        let receipt: InboxReceipt
        do throws(StoreError) {
            receipt = try await parts.store.write { writer in
                let receipt = try writer.receive(delivery)
                if case .kept(let id) = receipt {
                    // High: somebody has just hung up, and this is one call, not a backfill.
                    try writer.addToOutbox(OutboxJob(SyncArguments.inbox(id), lane: .hi))
                }
                return receipt
            }
        } catch {
            count(.unavailable, envelope?.type)
            parts.logger.error(
                "A webhook could not be kept and was answered 503",
                metadata: ["error": "\(error)"]
            )
            throw APIError(
                .inboxUnavailable,
                "The webhook could not be kept; send it again later."
            )
        }
        parts.logger.debug(
            "A webhook is kept",
            metadata: ["type": "\(Self.word(of: envelope?.type))"]
        )
        switch receipt {
        case .kept:
            count(.stored, envelope?.type)
            return .json(.fields(("status", .text("stored"))))
        case .known:
            count(.known, envelope?.type)
            return .json(.fields(("status", .text("known"))))
        case .erased:
            count(.erased, envelope?.type)
            return .json(.fields(("status", .text("erased"))))
        }
    }

    /// What a signed body is about; nil when it is no envelope, which is kept all the same.
    private static func envelope(_ body: [UInt8]) -> WebhookEnvelope? {
        do {
            return try WebhookEnvelope(body)
        } catch {
            // The job that reads the inbox says what is wrong with it.
            return nil
        }
    }

    // MARK: Counting

    private static let knownTypes: Set<WebhookType> = [.transcription, .audio, .initiationFailure]

    private func count(_ result: Result, _ type: WebhookType? = nil) {
        guard !isTrial else { return }
        // A label of the sender's choice could make any number of series.
        Counter(
            label: "ringback_webhooks",
            dimensions: [("type", Self.word(of: type)), ("result", result.rawValue)],
            factory: parts.metrics
        ).increment()
    }

    private static func word(of type: WebhookType?) -> String {
        type.map { knownTypes.contains($0) ? $0.rawValue : "other" } ?? "none"
    }
}
