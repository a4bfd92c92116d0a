import Ambient
import Crypto
import Foundation
import HTTPClient

/// Sends a webhook as ElevenLabs would, signed with a secret.
enum SignedWebhook {
    /// - Returns: The status of the answer.
    static func send(
        _ body: String,
        to server: String,
        secret: String,
        headers: [HTTPHeader] = []
    ) async throws -> Int {
        let ambient = Ambient.live()
        let time = Int(ambient.now().timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(time).\(body)".utf8),
            using: SymmetricKey(data: Data(secret.utf8))
        )
        let digits = code.map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        let client = try HTTPClient(ambient: ambient)
        let response = try await client.send(
            HTTPRequest(
                method: .post,
                url: "http://\(server)/api/webhooks/elevenlabs",
                headers: HTTPHeaders(
                    [
                        HTTPHeader("Content-Type", "application/json"),
                        HTTPHeader("ElevenLabs-Signature", "t=\(time),v0=\(digits.joined())"),
                    ] + headers
                ),
                body: Array(body.utf8)
            )
        )
        await client.shutDown()
        return response.status
    }
}
