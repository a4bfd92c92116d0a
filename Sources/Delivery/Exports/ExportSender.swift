import Ambient
package import CallJobs
package import CallStore
import Foundation
import JobQueue
package import JobWorker
import Logging
import Mail

/// Passes finished exports on, to those whom the settings name.
package struct ExportSender: Sendable {
    private let store: CallStore
    private let channels: Channels
    private let folder: String

    /// The address under which others reach the server; nil when they do not.
    private let publicURL: String?

    /// - Parameters:
    ///   - store: Knows the exports.
    ///   - channels: Where they go.
    ///   - folder: Where their files are.
    ///   - publicURL: For links.
    package init(store: CallStore, channels: Channels, folder: String, publicURL: String?) {
        self.store = store
        self.channels = channels
        self.folder = folder
        self.publicURL = publicURL
    }

    /// Sends one export by one channel, once.
    ///
    /// It may come twice, under the same id, when the worker dies between the answer and its commit.
    ///
    /// - Returns: Done with a line in the audit log; a retry when the channel did not take it.
    /// - Throws: `StoreError`, `CancellationError`.
    package func send(
        _ delivery: ExportDelivery,
        in context: JobContext
    ) async throws -> HandlerResult<StoreChange> {
        guard let record = try await store.export(delivery.export), record.state == .finished else {
            return .discard(reason: "the file's time is over")
        }
        let isThere =
            switch delivery.channel {
            case .mail: channels.letters != nil
            case .webhook: channels.webhook != nil
            }
        guard isThere else { return .dead(reason: Self.missing(delivery.channel)) }
        let id = "export_\(record.jobID)"
        let failure: String?
        switch delivery.channel {
        case .mail:
            guard let content = content(of: record, upTo: ExportDeliveryLimits.attachmentBytesMax)
            else { return .dead(reason: "the file is not there") }
            failure = await channels.mail(
                subject: "\(record.what), \(record.rows) rows",
                text: letter(record, isAttached: content.bytes != nil),
                attachment: content.bytes.map {
                    MailAttachment(name: name(record), type: Self.type(record), bytes: $0)
                },
                id: id
            )
        case .webhook:
            guard let content = content(of: record, upTo: ExportDeliveryLimits.contentBytesMax)
            else { return .dead(reason: "the file is not there") }
            failure = try await channels.post(json(record, content.bytes, id: id), id: id)
        }
        if let failure {
            context.logger.notice(
                "An export is not taken",
                metadata: ["export": "\(record.id)", "by": "\(delivery.channel.rawValue)"]
            )
            return .retry(reason: failure)
        }
        let note = AuditNote(
            actor: "upkeep",
            action: "export.send",
            object: "job:\(record.jobID)",
            after: [
                "by": .text(delivery.channel.rawValue), "sha256": .text(record.sha256),
            ]
        )
        return .done { try $0.audit(note) }
    }

    private static func missing(_ channel: ExportArguments.Channel) -> String {
        switch channel {
        case .mail:
            "exports are not mailed: set RINGBACK_SMTP_URL, RINGBACK_MAIL_FROM and "
                + "RINGBACK_EXPORT_MAIL"
        case .webhook:
            "exports are not posted: set RINGBACK_EXPORT_URL and RINGBACK_EXPORT_SECRET"
        }
    }

    // MARK: What is sent

    private struct Content {
        /// Nil when the file is too large to go along.
        var bytes: [UInt8]?
    }

    /// The file, if it is small enough; nil when it is not there as the record says.
    private func content(of record: ExportRecord, upTo limit: Int) -> Content? {
        let path = folder + "/" + record.fileName
        var status = stat()
        guard stat(path, &status) == 0, Int64(status.st_size) == record.bytes else { return nil }
        guard record.bytes <= Int64(limit) else { return Content(bytes: nil) }
        guard let data = FileManager.default.contents(atPath: path), data.count == record.bytes
        else { return nil }
        return Content(bytes: Array(data))
    }

    private func name(_ record: ExportRecord) -> String {
        record.fileName.split(separator: "/").last.map(String.init) ?? "export"
    }

    private static func type(_ record: ExportRecord) -> String {
        record.fileName.hasSuffix(".csv") ? "text/csv" : "application/x-ndjson"
    }

    private func link(_ record: ExportRecord) -> String? {
        publicURL.map { "\($0)/api/v1/exports/\(record.jobID)/file" }
    }

    private func letter(_ record: ExportRecord, isAttached: Bool) -> String {
        var lines = ["\(name(record)): \(record.rows) rows, \(record.bytes) bytes."]
        if isAttached {
            lines.append("It is attached.")
        } else {
            lines.append(
                "It is too large for a mail; until "
                    + "\(OutgoingText.time(record.expiresMilliseconds)) it is to be had"
                    + (link(record).map { " at\n\($0)" } ?? " in the exports folder of Ringback.")
            )
        }
        if record.holdsPersonalData {
            lines.append("It holds personal data: keep it no longer than you need it.")
        }
        lines += ["", "Rows: \(record.filter)", "SHA-256: \(record.sha256)", ""]
        return lines.joined(separator: "\n")
    }

    private func json(_ record: ExportRecord, _ content: [UInt8]?, id: String) -> [UInt8] {
        OutgoingText.json([
            "id": .text(id),
            "type": .text("export.finished"),
            "at": .text(OutgoingText.time(record.createdMilliseconds)),
            "data": .object([
                "what": .text(record.what),
                "dialect": .text(record.dialect),
                "file": .text(name(record)),
                "rows": .integer(record.rows),
                "bytes": .integer(record.bytes),
                "sha256": .text(record.sha256),
                "filter": .text(record.filter),
                "personalData": .bool(record.holdsPersonalData),
                "expires": .text(OutgoingText.time(record.expiresMilliseconds)),
                "url": link(record).map { .text($0) } ?? .null,
                "content": content.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .null,
            ]),
        ])
    }
}

/// The numbers of exports that are passed on, each with its reason.
package enum ExportDeliveryLimits {
    /// Bytes of a file that a mail carries: as base64 under the 10 MB that most servers take.
    package static let attachmentBytesMax = 7 * 1_024 * 1_024

    /// Bytes of a file that a webhook carries: receivers of JSON seldom take more than some
    /// megabytes.
    package static let contentBytesMax = 1_024 * 1_024
}
