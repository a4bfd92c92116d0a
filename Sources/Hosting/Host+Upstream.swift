package import ElevenLabs
import Foundation
package import HTTPClient
import Settings

extension Host {
    /// A client for outbound HTTP; proxies come from the environment.
    ///
    /// This machine is always reached directly: a proxy would not find the simulator.
    package func openHTTP() throws(StartFailure) -> HTTPClient {
        var proxy = HTTPProxy(environment: ProcessInfo.processInfo.environment)
        let local = "localhost,127.0.0.1,::1"
        proxy.exceptions = proxy.exceptions.isEmpty ? local : "\(proxy.exceptions),\(local)"
        do {
            return try HTTPClient(
                HTTPClientSettings(proxy: proxy, userAgent: "ringback"),
                ambient: ambient
            )
        } catch {
            throw StartFailure(.failed, "outbound HTTP cannot be set up (\(error))")
        }
    }

    /// The API key, which a program that talks to ElevenLabs cannot do without.
    package func apiKey() throws(StartFailure) -> APIKey {
        guard let key = settings.upstream.apiKey else {
            let problem = SettingProblem.missing(
                .apiKey,
                why: "this program talks to ElevenLabs"
            )
            throw StartFailure(.wrongUse, problem.description)
        }
        return APIKey(key.reveal())
    }

    /// A client of the ElevenLabs API under the budget that all workers share.
    package func openUpstream(
        http: HTTPClient,
        queues: OpenQueues
    ) throws(StartFailure) -> ElevenLabsClient {
        ElevenLabsClient(
            http: http,
            baseURL: settings.upstream.baseURL,
            key: try apiKey(),
            budget: queues.upstreamBudget(for: self),
            ambient: ambient,
            logger: logger
        )
    }
}
