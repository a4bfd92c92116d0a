package import CallStore
package import ElevenLabs

/// Whether webhooks come, as pure functions of what was read.
package enum WebhookRules {
    /// Where our route is, whatever host and proxy are before it.
    package static let path = "/api/webhooks/elevenlabs"

    /// Whether the poll finds calls that no webhook told of.
    ///
    /// `isConfigured` says whether there is a secret, without which webhooks are refused.
    package static func silence(
        _ silence: WebhookSilence,
        isConfigured: Bool,
        nowMilliseconds: Int64
    ) -> Finding {
        let subject = "webhooks"
        let last = silence.lastMilliseconds.map { last in
            "the last one came \(TimeText.duration(.milliseconds(max(0, nowMilliseconds - last)))) "
                + "ago"
        }
        guard isConfigured else {
            return last == nil
                ? .ok(subject, "not set up; the poll finds every call")
                : Finding(
                    subject,
                    .warning,
                    "they are refused: there is no secret",
                    fix: "set ELEVENLABS_WEBHOOK_SECRET"
                )
        }
        guard silence.isSilent else { return .ok(subject, last ?? "none has come yet") }
        return Finding(
            subject,
            .warning,
            "silent while the poll finds calls: \(silence.missed) without one; "
                + (last ?? "none ever came"),
            fix: "see the webhook and its failures in ElevenLabs, its secret, and whether this "
                + "server can be reached; `ringback calls ledger` shows since when"
        )
    }

    /// From where they are taken.
    package static func sources(_ sources: [String]) -> Finding {
        .ok(
            "webhook sources",
            sources.isEmpty
                ? "any address; the signature decides" : sources.joined(separator: ", ")
        )
    }

    /// Whether ElevenLabs still sends to us.
    package static func upstream(_ webhooks: [WorkspaceWebhook]) -> Finding {
        let subject = "webhooks upstream"
        let ours = webhooks.filter { $0.url?.hasSuffix(path) == true }
        guard !ours.isEmpty else {
            return Finding(
                subject,
                .warning,
                "none of the workspace's \(webhooks.count) is sent to \(path)",
                fix: "make one in ElevenLabs, and choose it as the post-call webhook"
            )
        }
        if let off = ours.first(where: { $0.isAutoDisabled || $0.isDisabled }),
            !ours.contains(where: { !$0.isAutoDisabled && !$0.isDisabled })
        {
            let who = off.isAutoDisabled ? "ElevenLabs, after too many failures" : "a person"
            return Finding(
                subject,
                .problem,
                "\(off.name ?? off.id) was switched off by \(who); its events are not sent again",
                fix:
                    "mend what failed, then switch it on in ElevenLabs; the poll has found the calls"
            )
        }
        if let failed = ours.first(where: { $0.failureUnix != nil }), let unix = failed.failureUnix
        {
            let code = failed.failureCode.map { " with \($0)" } ?? ""
            return .ok(
                subject,
                "on; the newest failure was at \(TimeText.iso(milliseconds: unix * 1000))\(code)"
            )
        }
        return .ok(subject, "on, without a failure")
    }
}
