import CallJobs
import CallStore
import Crypto
import Foundation

/// Writes what changed in conversions since a cursor, in the shape of an advertising platform.
///
/// A conversion that is new, one that changed, one that was withdrawn: what came and went again
/// since the cursor is not told.
struct FeedExport {
    let profile: ExportArguments.Profile
    let zone: TimeZone

    static func columns(of profile: ExportArguments.Profile) -> [String] {
        switch profile {
        case .google:
            [
                "Caller's Phone Number", "Call Start Time", "Conversion Name", "Conversion Time",
                "Conversion Value", "Conversion Currency", "Adjustment Type", "Adjustment Time",
            ]
        case .meta:
            [
                "event_name", "event_time", "event_id", "action_source", "user_data", "custom_data",
                "adjustment",
            ]
        case .plain:
            [
                "change", "conversation_id", "started_at", "conversion_type", "conversion_value",
                "conversion_currency", "caller_number",
            ]
        }
    }

    func write(
        _ look: ExportLook,
        since: Int64,
        _ plan: ExportPlan
    ) throws -> ExportRun.Written {
        var csv = CSVBuffer()
        var json = JSONLines()
        var times = TimeText(zone: zone)
        if profile != .meta {
            for column in Self.columns(of: profile) { csv.add(column) }
            csv.endLine()
        }
        var rows: Int64 = 0
        let file = PartedFile(
            try AtomicFile(finalPath: plan.path, temporaryPath: plan.temporaryPath)
        )
        try look.feed(since: since) { change in
            switch profile {
            case .google:
                guard let line = google(change, &times, nowUnix: plan.createdMilliseconds / 1000)
                else { return }
                for cell in line { csv.add(cell) }
                csv.endLine()
            case .meta:
                guard let caller = change.caller else { return }
                Self.meta(change, caller, &json)
            case .plain:
                for cell in [
                    change.kind.rawValue, change.conversationID, Self.utc(change.startedUnix),
                    change.type ?? "", change.value ?? "", change.currency ?? "",
                    change.caller ?? "",
                ] { csv.add(cell) }
                csv.endLine()
            }
            rows += 1
            if csv.bytes.count + json.bytes.count >= AtomicFile.bufferBytes {
                try file.write(csv.bytes + json.bytes)
                csv.removeAll()
                json.removeAll()
            }
        }
        try file.write(csv.bytes + json.bytes)
        file.endPart(rows: rows, calls: Int(rows))
        return ExportRun.Written(
            rows: file.rows,
            bytes: file.totalBytes,
            sha256: try file.finish(),
            parts: file.parts,
            mark: max(since, try look.feedEnd())
        )
    }

    /// Nil for a caller without a number, whom the platform cannot match.
    private func google(
        _ change: ConversionChange,
        _ times: inout TimeText,
        nowUnix: Int64
    ) -> [String]? {
        guard let caller = change.caller else { return nil }
        func time(_ unix: Int64) -> String {
            let text = String(decoding: times.local(unix), as: UTF8.self)
            return text.replacing("T", with: " ", maxReplacements: 1)
        }
        let isNew = change.kind == .new
        return [
            caller, time(change.startedUnix), change.type ?? "conversion",
            time(change.convertedUnix), change.value ?? "", change.currency ?? "",
            isNew ? "" : change.kind == .changed ? "RESTATE" : "RETRACT",
            isNew ? "" : time(nowUnix),
        ]
    }

    private static func meta(_ change: ConversionChange, _ caller: String, _ json: inout JSONLines)
    {
        json.beginLine()
        json.add("event_name", text: change.type ?? "conversion")
        json.add("event_time", json: String(change.convertedUnix).utf8)
        json.add("event_id", text: "\(change.conversationID):\(change.type ?? "conversion")")
        json.add("action_source", text: "phone_call")
        json.add("user_data", json: #"{"ph":["\#(hashed(caller))"]}"#.utf8)
        if let value = change.value, let currency = change.currency {
            json.add(
                "custom_data",
                json: #"{"value":\#(value),"currency":"\#(currency)"}"#.utf8
            )
        } else {
            json.add("custom_data", json: "{}".utf8)
        }
        json.add("adjustment", text: change.kind.rawValue)
        json.endLine()
    }

    /// SHA-256 of the digits with the country code: personal data still.
    static func hashed(_ e164: String) -> String {
        AtomicFile.hex(SHA256.hash(data: Data(e164.utf8.filter { $0 != UInt8(ascii: "+") })))
    }

    private static func utc(_ unix: Int64) -> String {
        String(decoding: TimeText.utc(unix), as: UTF8.self)
    }
}
