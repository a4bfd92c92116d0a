import CallStore
import Foundation
import PhoneNumbers
import Reports

/// One caller, as people and programs see him.
struct CallerView {
    let identity: CallerIdentity
    let caller: CallerOverview

    /// At most the first hundred.
    let calls: [Call]
    let variants: [CallerVariant]
    let isRevealed: Bool

    private var shownNumber: String {
        isRevealed ? identity.text : identity.masked
    }

    var json: JSONValue {
        .fields(
            ("caller", .text(shownNumber)),
            ("key", .text(caller.object)),
            ("keyID", .text(caller.keyID)),
            ("suppressed", .bool(caller.isSuppressed)),
            ("calls", .count(caller.calls)),
            ("conversions", .count(caller.conversions)),
            ("durationSeconds", .integer(caller.durationSeconds)),
            ("first", .optional(caller.firstStartedUnix.map(TimeText.iso(unix:)))),
            ("last", .optional(caller.lastStartedUnix.map(TimeText.iso(unix:)))),
            (
                "campaigns",
                .list(
                    caller.credits.map { credit in
                        .fields(("name", .text(credit.name)), ("calls", .count(credit.calls)))
                    }
                )
            ),
            (
                "recipients",
                .list(
                    caller.recipients.map { recipient in
                        .fields(
                            ("campaign", .text(recipient.campaign)),
                            ("reference", .text(recipient.reference)),
                            ("touches", .count(recipient.touches.count))
                        )
                    }
                )
            ),
            (
                "conversations",
                .list(
                    calls.map { call in
                        .fields(
                            ("id", .text(call.record.identity.conversationID)),
                            (
                                "started",
                                .optional(call.record.startedUnix.map(TimeText.iso(unix:)))
                            ),
                            ("durationSeconds", .optional(call.record.durationSeconds)),
                            ("conversion", .optional(call.conversion?.outcome.rawValue))
                        )
                    }
                )
            ),
            ("variants", .list(variants.map(\.json)))
        )
    }

    func text(zone: TimeZone) -> String {
        func short(_ unix: Int64?) -> String {
            unix.map { TimeText.short(unix: $0, in: zone) } ?? "-"
        }
        var lines = [
            "caller       \(shownNumber)\(caller.isSuppressed ? "  (erased before)" : "")",
            "key          \(caller.object) of \(caller.keyID)",
            "calls        \(caller.calls), first \(short(caller.firstStartedUnix)), last "
                + short(caller.lastStartedUnix),
            "conversions  \(caller.conversions)",
        ]
        for credit in caller.credits {
            lines.append("campaign     \(credit.name), \(credit.calls) calls")
        }
        for recipient in caller.recipients {
            lines.append(
                "recipient    \(recipient.reference) of \(recipient.campaign), "
                    + "\(recipient.touches.count) touches"
            )
        }
        lines += variants.map(\.line)
        var table = Table(
            .init("STARTED"),
            .init("CONVERSATION"),
            .init("LENGTH", .right),
            .init("CONVERSION")
        )
        for call in calls {
            table.add(
                short(call.record.startedUnix),
                call.record.identity.conversationID,
                call.record.durationSeconds.map(CallText.length) ?? "-",
                call.conversion?.outcome.rawValue ?? "-"
            )
        }
        return lines.joined(separator: "\n") + "\n"
            + (calls.isEmpty ? "" : "\n" + table.rendered())
    }
}
