import CallStore
import Foundation
import PhoneNumbers

/// How calls are shown in lists.
enum CallText {
    static func number(_ text: String?, showNumbers: Bool) -> String? {
        guard let text else { return nil }
        return showNumbers ? text : PhoneMask.masked(text)
    }

    static func json(_ call: CallSummary, showNumbers: Bool) -> JSONValue {
        .fields(
            ("id", .integer(call.id.number)),
            ("conversation", .text(call.conversationID)),
            ("agent", .text(call.agentID)),
            ("agentName", .optional(call.agentName)),
            ("status", .text(call.status.word)),
            ("started", .text(TimeText.iso(unix: call.startedUnix))),
            ("durationSeconds", .optional(call.durationSeconds)),
            ("channel", .optional(call.channel?.rawValue)),
            ("direction", .optional(call.direction?.rawValue)),
            ("caller", .optional(number(call.caller, showNumbers: showNumbers))),
            ("callerClass", .optional(call.callerClass)),
            ("outcome", .text(call.callSuccessful ?? "pending")),
            ("language", .optional(call.language)),
            ("campaignID", call.campaignID.map { .integer($0.number) } ?? .null),
            ("campaign", .optional(call.campaignName)),
            ("method", .optional(call.method?.rawValue)),
            ("pinned", .bool(call.isPinned)),
            ("conversion", .optional(call.conversion?.rawValue)),
            ("conversionType", .optional(call.conversionType))
        )
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

extension JSONValue {
    /// A stored value as it is.
    init(_ value: StoredValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .text(let text): self = .text(text)
        case .list(let values): self = .list(values.map(JSONValue.init))
        case .object(let fields):
            self = .object(
                fields.sorted { $0.key < $1.key }.map {
                    Field(name: $0.key, value: JSONValue($0.value))
                }
            )
        }
    }
}
