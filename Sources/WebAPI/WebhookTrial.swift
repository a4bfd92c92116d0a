import Ambient
import CallStore
import ElevenLabs
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// A webhook of our own to our own route, signed with the secret in use, and what it tells.
///
/// It goes the way of every webhook up to where that would be kept.
struct WebhookTrial {
    let parts: WebParts

    /// What came out of it.
    struct Outcome: Sendable {
        var isRight: Bool

        /// Sentences for a person, the most important first.
        var lines: [String]

        /// Secrets that are taken.
        var secrets: Int
    }

    /// Names no conversation, so that nobody could take it for a call.
    private static let body = Array(#"{"type":"ringback_test","data":{}}"#.utf8)

    func run() async -> Outcome {
        let now = parts.ambient.now()
        let headers = parts.verifier.headers(signing: Self.body, now: now)
        guard !headers.isEmpty else {
            return Outcome(
                isRight: false,
                lines: [
                    "There is no secret: set ELEVENLABS_WEBHOOK_SECRET to the one that ElevenLabs "
                        + "showed when the webhook was made, and restart the server. Until then "
                        + "every webhook is refused, and calls come by polling alone."
                ],
                secrets: 0
            )
        }
        var refused: [String] = []
        for (index, header) in headers.enumerated() {
            if let reason = await refusal(of: header) {
                refused.append("The \(Self.name(index)) is not taken: \(reason)")
            }
        }
        // A signature that is not ours must not hold.
        let forged = WebhookVerifier(secrets: [WebhookSecret("not the secret")])
            .headers(signing: Self.body, now: now)
        for header in forged {
            if await refusal(of: header) == nil {
                refused.append("A body that somebody else has signed is taken, too.")
            }
        }
        return Outcome(
            isRight: refused.isEmpty,
            lines: refused.isEmpty ? [Self.praise(headers.count)] : refused,
            secrets: headers.count
        )
    }

    private static func name(_ index: Int) -> String {
        index == 0 ? "secret in use" : "secret before it"
    }

    private static func praise(_ secrets: Int) -> String {
        let taken =
            "A test webhook that is signed with the secret in use is taken; one that is not "
        guard secrets > 1 else { return taken + "is refused." }
        return taken
            + "is refused. There are two secrets, and the one before is taken as well: take "
            + "ELEVENLABS_WEBHOOK_SECRET_PREVIOUS out once ElevenLabs signs with the new one."
    }

    /// Why the route refuses the body with this signature; nil when it takes it.
    private func refusal(of signature: String) async -> String? {
        var fields = HTTPFields()
        if let name = HTTPField.Name(WebhookVerifier.header) { fields[name] = signature }
        fields[.contentLength] = String(Self.body.count)
        let request = Request(
            head: HTTPRequest(
                method: .post,
                scheme: "http",
                authority: "localhost",
                path: WebhookRoute.path,
                headerFields: fields
            ),
            body: .init(buffer: ByteBuffer(bytes: Self.body))
        )
        do {
            _ = try await WebhookRoute(parts: parts, isTrial: true).answer(request, from: "")
            return nil
        } catch let error as APIError {
            return error.message
        } catch {
            return "the server could not look at it."
        }
    }

    // MARK: What is known besides

    /// The address that is to be entered at ElevenLabs, and what of the settings bears on it.
    var surroundings: [String] {
        var lines = [
            parts.policy.publicURL == nil
                ? "RINGBACK_PUBLIC_URL is not set, so nothing here tells under which address "
                    + "ElevenLabs reaches this server; its webhook must lead to \(WebhookRoute.path)."
                : "At ElevenLabs the webhook must lead to \(parts.site.address)\(WebhookRoute.path)."
        ]
        if !parts.policy.webhookSources.isEmpty {
            lines.append(
                "Webhooks are taken from the addresses of ELEVENLABS_WEBHOOK_SOURCES alone."
            )
        }
        return lines
    }
}
