import Ambient
import Foundation
import HTTPClient
import TestSupport
import Testing

/// Calls on a customer's page, from the official element's event to one record with the upstream's.
@Suite("the widget and a real server", .serialized)
struct WidgetTests {
    @Test("what a page reports is there, ends with the page, and meets the upstream's record")
    func meets() async throws {
        let port = try FreePort.next()
        let stack = try await RunningStack.start(
            in: ScratchFolder(),
            calls: 60,
            environment: ["RINGBACK_CORS_ORIGINS": "http://shop.example:\(port)"]
        )
        let probe = try StoreProbe(path: "\(stack.data)/ringback.sqlite")
        let hasAll = try await eventually(within: .seconds(120), every: .seconds(1)) {
            let status = try await stack.status()
            return status.calls.total >= 60 && status.queues.allSatisfy(\.isIdle)
        }
        #expect(hasAll, "\(stack.process.recentOutput)")
        let known = try #require(
            try probe.texts(
                """
                SELECT conversation_id FROM calls
                WHERE status = 'done' AND message_count > 0 ORDER BY id LIMIT 1
                """
            ).first
        )
        let browser = try await ChildProcess.launch(
            ChildProcess.Command([
                "\(Executables.checkout)/.build/python/bin/python",
                "\(Executables.checkout)/Tests/Pages/widget_server.py",
                "http://\(stack.address)", "\(port)", known,
            ])
        )
        for name in ["conv_shop", "conv_named", "conv_early", "conv_early_named"] {
            let words = try await browser.line(containing: "upstream \(name) ")
                .split(separator: " ").map(String.init)
            let record = try await upstreamRecord(like: known, words[1], words[2], stack)
            #expect(try await stack.sendWebhook(record) == 200)
        }
        let ending = await browser.ended()
        #expect(ending == .exited(0), "\(browser.recentOutput)")
        #expect(browser.recentOutput.split(separator: "\n").count { $0.hasPrefix("ok ") } > 30)

        // Four records of the upstream's came; what no upstream knows is no call.
        let calls = try probe.count(
            """
            SELECT count(*) FROM calls WHERE conversation_id IN (
                'conv_shop', 'conv_named', 'conv_early', 'conv_early_named')
            """
        )
        let others = try probe.count(
            """
            SELECT count(*) FROM calls
            WHERE conversation_id IN ('conv_strict', 'conv_blocked', 'conv_other')
                OR conversation_id LIKE 'client%'
            """
        )
        #expect(calls == 4)
        #expect(others == 0)
        stack.process.signal(SIGINT)
        #expect(await stack.process.ended() == .exited(0))
    }

    /// The webhook of a conversation that is another one's but for its id and its variable.
    private func upstreamRecord(
        like known: String,
        _ id: String,
        _ client: String,
        _ stack: RunningStack
    ) async throws -> String {
        let http = try HTTPClient(ambient: .live())
        let response = try await http.send(
            HTTPRequest(
                url: "\(stack.simulator)/v1/convai/conversations/\(known)",
                headers: HTTPHeaders([HTTPHeader("xi-api-key", try stack.apiKey())])
            )
        )
        await http.shutDown()
        #expect(response.status == 200)
        let text = String(decoding: response.body, as: UTF8.self).replacing(known, with: id)
        var detail = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        )
        if client != "-" {
            let key = "conversation_initiation_client_data"
            var sent = detail[key] as? [String: Any] ?? [:]
            var variables = sent["dynamic_variables"] as? [String: Any] ?? [:]
            variables["ringback_conversation"] = client
            sent["dynamic_variables"] = variables
            detail[key] = sent
        }
        let webhook: [String: Any] = [
            "type": "post_call_transcription", "event_timestamp": 1, "data": detail,
        ]
        return String(
            decoding: try JSONSerialization.data(withJSONObject: webhook),
            as: UTF8.self
        )
    }
}
