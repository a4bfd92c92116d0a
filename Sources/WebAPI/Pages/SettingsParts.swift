import CallStore
import ElevenLabs
import PhoneNumbers

extension PageDesk {
    // MARK: Webhooks

    /// Whether webhooks are taken, and when the last one came.
    func webhook() async throws -> View {
        let last = try await store.pulse().lastWebhookMilliseconds
        let trial = WebhookTrial(parts: parts)
        var facts: [View] = [
            [
                "label": "Webhooks",
                "value": parts.verifier.hasSecret
                    ? "accepted" : "refused until ELEVENLABS_WEBHOOK_SECRET is set",
            ],
            [
                "label": "Last webhook",
                "value": last.map { "\(words.time($0 / 1_000)), \(words.ago($0 / 1_000))" }
                    ?? "none yet",
            ],
        ]
        facts += trial.surroundings.map { ["label": "Address", "value": $0] as View }
        return ["facts": facts]
    }

    // MARK: Internal numbers

    func internalNumber(_ number: InternalNumber) -> View {
        [
            "id": number.id,
            "number": number.number.map { PhoneMask.masked($0) } ?? "a number without calls",
            "calls": PageWords.count(number.calls),
            "callsText": PageWords.count(number.calls, "call"),
            "added": words.time(number.addedMilliseconds / 1_000),
        ]
    }

    // MARK: Roles

    /// What each right lets somebody see and do.
    static func roles(_ rights: Rights) -> View {
        [
            "own": "\(rights)",
            "all": [
                [
                    "name": "read",
                    "sees": "every page; numbers masked, settings of the machine not, and no "
                        + "files with whole numbers",
                    "changes": "nothing",
                ],
                [
                    "name": "write", "sees": "the same, and the files of exports",
                    "changes": "calls (assign, exclude, label), campaigns, recipients, touches, "
                        + "exports, notes and views",
                ],
                [
                    "name": "admin",
                    "sees": "every setting in force, tokens of programs by name, and whole numbers "
                        + "where a request to the API asks for them",
                    "changes": "the rest: queues, schedules, backfills, rules, alerts, limits, "
                        + "internal numbers, retention, tokens, and erasing callers",
                ],
            ] as [View],
        ]
    }
}
