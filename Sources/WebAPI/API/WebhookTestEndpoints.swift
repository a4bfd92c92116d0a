import CallStore
import Foundation
import Hummingbird
import Reports

/// Trying out whether webhooks are taken.
enum WebhookTestEndpoints {
    static var all: [Endpoint] { [test] }

    private static let test = Endpoint(
        method: .post,
        path: "/api/v1/webhooks/test",
        summary: "Send a signed webhook to this server itself; it is checked and not kept.",
        answer: .fields(
            ("taken", .bool),
            ("secrets", .count),
            ("lastWebhook", .optional(.instant)),
            ("text", .text)
        )
    ) { ask in
        let trial = WebhookTrial(parts: ask.parts)
        let outcome = await trial.run()
        let store = ask.parts.store
        let last = try await store.pulse().lastWebhookMilliseconds
        let person = ask.person
        try await store.write {
            try $0.audit(
                AuditNote(
                    actor: person,
                    action: "webhook.test",
                    object: "webhook",
                    after: ["taken": .bool(outcome.isRight)]
                )
            )
        }
        let lastText = last.map { ISOTime.text(unix: $0 / 1_000) }
        let heard =
            lastText.map { "The last webhook of ElevenLabs came in at \($0)." }
            ?? "No webhook of ElevenLabs has come in yet."
        return .json(
            .fields(
                ("taken", .bool(outcome.isRight)),
                ("secrets", .count(outcome.secrets)),
                ("lastWebhook", .optional(lastText)),
                (
                    "text",
                    .text((outcome.lines + trial.surroundings + [heard]).joined(separator: " "))
                )
            )
        )
    }
}
