import CallJobs
import CallStore
import Definitions
import Foundation
import JobQueue

/// One export: its names, its times and what its manifest says.
struct ExportPlan: Sendable {
    let arguments: ExportArguments
    let zone: TimeZone

    /// The arguments' filter, with what the subject and the period ask for.
    let filter: CallFilter
    let jobID: String
    let fence: Int64
    let createdMilliseconds: Int64

    /// What the names of its files begin with.
    let base: String
    private let folder: String
    private let expiresMilliseconds: Int64

    init(
        job: Job,
        arguments: ExportArguments,
        zone: TimeZone,
        fence: Int64,
        createdMilliseconds: Int64,
        settings: ExportSettings
    ) {
        self.arguments = arguments
        self.zone = zone
        self.fence = fence
        self.createdMilliseconds = createdMilliseconds
        jobID = job.id.text
        folder = settings.folder
        let kept =
            arguments.keepDays.map { Int64($0) * 86_400 } ?? settings.expiry.components.seconds
        expiresMilliseconds = createdMilliseconds + kept * 1000
        var filter = arguments.filter
        if arguments.subject == .conversions { filter.conversion = .yes }
        if let period = arguments.period {
            let (from, to) = period.instants(beforeUnix: createdMilliseconds / 1000, in: zone)
            filter.fromUnix = from
            filter.toUnix = to
        }
        self.filter = filter
        let stamp = Self.text(createdMilliseconds).filter { $0 != "-" && $0 != ":" }
        base = "\(arguments.subject.rawValue)-\(stamp)-\(fence)"
    }

    var fileExtension: String { arguments.dialect == .ndjson ? "ndjson" : "csv" }

    private var inFolder: String { arguments.folder.map { $0 + "/" } ?? "" }
    private var fileName: String { inFolder + base + "." + fileExtension }
    private var manifestName: String { inFolder + base + ".manifest.json" }

    var path: String { folder + "/" + fileName }

    var manifestPath: String { folder + "/" + manifestName }

    /// Where the file is until it is whole: where upkeep looks for what is left of it.
    var temporaryPath: String {
        folder + "/" + base + "." + fileExtension + AtomicFile.temporarySuffix
    }

    var manifestTemporaryPath: String {
        folder + "/" + base + ".manifest.json" + AtomicFile.temporarySuffix
    }

    /// The folder that the file will be in.
    var finalFolder: String { arguments.folder.map { folder + "/" + $0 } ?? folder }

    var format: CallFormat {
        CallFormat(arguments.subject, arguments.dialect, phones: arguments.phones, zone: zone)
    }

    func record(of written: ExportRun.Written, cursor: Int64? = nil) -> ExportRecord {
        ExportRecord(
            jobID: jobID,
            what: arguments.subject.rawValue,
            dialect: arguments.subject == .feed
                ? arguments.profile.rawValue : arguments.dialect.rawValue,
            fileName: fileName,
            manifestName: manifestName,
            rows: written.rows,
            bytes: written.bytes,
            sha256: written.sha256,
            filter: filterText,
            createdBy: arguments.person,
            createdMilliseconds: createdMilliseconds,
            expiresMilliseconds: expiresMilliseconds,
            cursor: cursor
        )
    }

    func manifest(
        of record: ExportRecord,
        _ written: ExportRun.Written,
        columns: [String]
    ) -> ExportManifest {
        ExportManifest(
            manifestVersion: ExportManifest.versionKnown,
            file: base + "." + fileExtension,
            what: record.what,
            dialect: record.dialect,
            phones: arguments.dialect == .excel ? arguments.phones.rawValue : nil,
            rows: record.rows,
            bytes: record.bytes,
            sha256: record.sha256,
            columns: columns,
            filter: ExportManifest.Filter(text: record.filter, fields: filterFields),
            timeZone: zone.identifier,
            definitionVersion: MetricDefinitions.known.version,
            createdBy: record.createdBy,
            createdAt: Self.text(record.createdMilliseconds),
            expiresAt: Self.text(record.expiresMilliseconds),
            personalData: record.holdsPersonalData,
            job: record.jobID,
            mark: written.mark,
            parts: written.parts,
            rereadParts: written.parts.filter { $0.changed > 0 || $0.gone > 0 }.map(\.number)
        )
    }

    static func text(_ milliseconds: Int64) -> String {
        String(decoding: TimeText.utc(milliseconds / 1000), as: UTF8.self)
    }

    /// What the filter lets through, as the arguments name it.
    private var filterFields: [String: String] {
        var shown = arguments
        shown.filter = filter
        var texts: [String: String] = [:]
        for (name, value) in shown.filterFields {
            switch value {
            case .text(let text): texts[name] = text
            case .integer(let number) where name == "from" || name == "to":
                texts[name] = String(decoding: TimeText.utc(number), as: UTF8.self)
            case .integer(let number): texts[name] = String(number)
            case .list(let list): texts[name] = list.map(Self.number).joined(separator: " ")
            default: preconditionFailure("A filter holds texts, whole numbers and lists of them.")
            }
        }
        return texts
    }

    private static func number(_ value: StoredValue) -> String {
        guard case .integer(let number) = value else {
            preconditionFailure("A list of a filter holds whole numbers.")
        }
        return String(number)
    }

    /// The filter in words; calls that are named one by one are counted.
    private var filterText: String {
        var fields = filterFields
        if let ids = filter.ids { fields["calls"] = "\(ids.count) chosen" }
        let parts = fields.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return parts.isEmpty ? "all calls" : parts.joined(separator: ", ")
    }
}

extension ExportArguments.Period {
    /// The first instant of the period and the first after it, Unix seconds.
    func instants(beforeUnix now: Int64, in zone: TimeZone) -> (Int64, Int64) {
        let date = Date(timeIntervalSince1970: TimeInterval(now))
        let today = LocalDay(unix: now, offsetSeconds: zone.secondsFromGMT(for: date))
        let (first, next): (LocalDay, LocalDay) =
            switch self {
            case .yesterday: (today + -1, today)
            case .lastWeek: (today.weekStart + -7, today.weekStart)
            case .lastMonth: ((today.monthStart + -1).monthStart, today.monthStart)
            }
        return (first.start(in: zone), next.start(in: zone))
    }
}

extension LocalDay {
    /// The first instant of the day, Unix seconds.
    func start(in zone: TimeZone) -> Int64 {
        func offset(_ unix: Int64) -> Int64 {
            Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(unix))))
        }
        let guess = Int64(number) * 86_400
        // With the offset of the midnight itself, not of where UTC has it.
        return guess - offset(guess - offset(guess))
    }
}
