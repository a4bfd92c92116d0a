import CallJobs
import CallStore
import Definitions

/// Writes a row for each campaign, with its figures over all its days.
struct CampaignExport {
    private enum Cell {
        case text(String?)
        case number(String?)
    }

    let dialect: ExportArguments.Dialect

    private static let facts = [
        "campaign_id", "campaign", "channel", "status", "window_days", "starts_at", "ends_at",
        "recipients",
    ]

    static var columns: [String] {
        facts + CallFigures.counted.map { $0.id.rawValue }
            + CallFigures.derived.map { $0.id.rawValue }
    }

    func write(_ look: ExportLook, _ plan: ExportPlan) throws -> ExportRun.Written {
        var csv = CSVBuffer()
        var json = JSONLines()
        if dialect == .excel { csv.begin(with: [0xEF, 0xBB, 0xBF]) }
        for column in Self.columns { csv.add(column) }
        csv.endLine()
        let campaigns = try look.campaigns()
        for row in campaigns {
            json.beginLine()
            json.add("schema", json: String(CallFormat.schemaVersion).utf8)
            for (name, cell) in zip(Self.columns, Self.cells(row)) {
                switch cell {
                case .text(let text):
                    csv.add(dialect == .excel ? Self.harmless(text ?? "") : text ?? "")
                    Self.withBytes(text) { json.add(plainName: name, text: $0) }
                case .number(let number):
                    csv.add(plain: (number ?? "").utf8)
                    Self.withBytes(number) { json.add(plainName: name, json: $0) }
                }
            }
            csv.endLine()
            json.endLine()
        }
        let file = PartedFile(
            try AtomicFile(finalPath: plan.path, temporaryPath: plan.temporaryPath)
        )
        try file.write(dialect == .ndjson ? json.bytes : csv.bytes)
        file.endPart(rows: Int64(campaigns.count), calls: 0)
        return ExportRun.Written(
            rows: file.rows,
            bytes: file.totalBytes,
            sha256: try file.finish(),
            parts: file.parts,
            mark: try look.mark()
        )
    }

    private static func cells(_ row: CampaignWithFigures) -> [Cell] {
        let campaign = row.campaign
        func instant(_ unix: Int64?) -> Cell {
            .text(unix.map { String(decoding: TimeText.utc($0), as: UTF8.self) })
        }
        var cells: [Cell] = [
            .number("\(campaign.id)"), .text(campaign.name), .text(campaign.channel.rawValue),
            .text(campaign.status.rawValue), .number("\(campaign.windowDays)"),
            instant(campaign.startsUnix), instant(campaign.endsUnix),
            .number("\(row.recipients)"),
        ]
        for figure in CallFigures.counted {
            cells.append(.number("\(figure.value(row.figures))"))
        }
        for figure in CallFigures.derived {
            cells.append(.number(figure.value(row.figures).map { "\($0)" }))
        }
        return cells
    }

    private static func harmless(_ text: String) -> String {
        guard let first = text.utf8.first, "=+-@\t\r\n\0".utf8.contains(first) else { return text }
        return "'" + text
    }

    private static func withBytes(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard var text else { return body(nil) }
        text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}
