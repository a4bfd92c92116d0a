import ElevenLabs
import Hosting
import Settings

/// Whether ElevenLabs takes the API key; one cheap request.
enum UpstreamCheck {
    static func finding(_ host: Hosting.Host, _ queues: OpenQueues) async -> Finding {
        let baseURL = host.settings.upstream.baseURL
        do {
            let client = try host.openUpstream(http: try host.openHTTP(), queues: queues)
            _ = try await client.agents(pageSize: 1)
            return .ok("elevenlabs", "the key is accepted by \(baseURL)")
        } catch let error as ElevenLabsError {
            return finding(of: error, baseURL: baseURL)
        } catch {
            return Finding("elevenlabs", .problem, CommandFailure.failure(error).line)
        }
    }

    /// Whether the upstream still sends webhooks to us; one cheap request.
    static func webhooks(_ host: Hosting.Host, _ queues: OpenQueues) async -> Finding {
        do {
            let client = try host.openUpstream(http: try host.openHTTP(), queues: queues)
            return WebhookRules.upstream(try await client.webhooks())
        } catch {
            // Keys are often restricted to what they are for.
            return .ok("webhooks upstream", "the list cannot be read with this key; not looked at")
        }
    }

    /// What an error means to the person who set the key.
    static func finding(of error: ElevenLabsError, baseURL: String) -> Finding {
        switch error {
        case .invalidKey:
            Finding(
                "elevenlabs",
                .problem,
                "\(baseURL) does not know the API key",
                fix: "put the right one into ELEVENLABS_API_KEY; for a residency region set "
                    + "ELEVENLABS_BASE_URL, too"
            )
        case .missingPermission:
            Finding(
                "elevenlabs",
                .problem,
                "the API key may not read conversational AI",
                fix: "give the key that permission in ElevenLabs' settings"
            )
        case .quota, .blocked:
            Finding(
                "elevenlabs",
                .problem,
                "the account is out of credits or blocked",
                fix: "see the account at ElevenLabs"
            )
        default:
            Finding(
                "elevenlabs",
                error.isTransient ? .warning : .problem,
                "\(baseURL) does not answer as it should (\(error))",
                fix: "see the network, the proxy and ELEVENLABS_BASE_URL"
            )
        }
    }
}
