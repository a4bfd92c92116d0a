import CallStore
import Foundation
import Reports

/// How calls are shown in lists.
enum CallText {
    static func number(_ text: String?, showNumbers: Bool) -> String? {
        CallSummary.number(text, showNumbers: showNumbers)
    }

    static func json(_ call: CallSummary, showNumbers: Bool) -> JSONValue {
        call.json(showNumbers: showNumbers)
    }

    static func table(_ calls: [CallSummary], zone: TimeZone, showNumbers: Bool) -> Table {
        var table = Table(
            .init("STARTED"),
            .init("CONVERSATION"),
            .init("CALLER"),
            .init("STATUS"),
            .init("LENGTH", .right),
            .init("OUTCOME"),
            .init("CAMPAIGN"),
            .init("BY"),
            .init("CONVERSION")
        )
        for call in calls {
            let caller = number(call.caller, showNumbers: showNumbers)
            table.add(
                TimeText.short(unix: call.startedUnix, in: zone),
                call.conversationID,
                caller ?? call.callerClass ?? "-",
                call.status.word,
                call.durationSeconds.map(length) ?? "-",
                call.callSuccessful ?? "pending",
                call.campaignName ?? "-",
                call.method.map(\.rawValue) ?? "-",
                call.conversion == .yes
                    ? call.conversionType ?? "yes" : call.conversion?.rawValue ?? "-"
            )
        }
        return table
    }

    /// `m:ss`.
    static func length(_ seconds: Int) -> String {
        let rest = seconds % 60
        return "\(seconds / 60):\(rest < 10 ? "0" : "")\(rest)"
    }
}
