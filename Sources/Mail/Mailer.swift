import CCurl
import Dispatch
package import Foundation

/// Why a mail was not sent; quotes neither the server's address nor the recipients.
package struct MailError: Error, Sendable, Equatable {
    package let reason: String
}

/// A file that goes along with a mail.
package struct MailAttachment: Sendable, Equatable {
    package var name: String

    /// Such as `text/csv`.
    package var type: String
    package var bytes: [UInt8]

    package init(name: String, type: String, bytes: [UInt8]) {
        self.name = name
        self.type = type
        self.bytes = bytes
    }
}

/// One mail of plain text, and a file with it.
package struct MailMessage: Sendable, Equatable {
    package var from: String
    package var recipients: [String]
    package var subject: String
    package var text: String
    package var attachment: MailAttachment?

    /// Stays the same when the mail is sent again.
    package var id: String
    package var date: Date

    package init(
        from: String,
        recipients: [String],
        subject: String,
        text: String,
        attachment: MailAttachment? = nil,
        id: String,
        date: Date
    ) {
        self.from = from
        self.recipients = recipients
        self.subject = subject
        self.text = text
        self.attachment = attachment
        self.id = id
        self.date = date
    }

    /// As it goes over the wire, RFC 5322: no line of ours can end a header early.
    package var bytes: [UInt8] {
        let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
        let head = [
            "From: \(Self.line(from))",
            "To: \(recipients.map(Self.line).joined(separator: ", "))",
            "Subject: \(Self.line(subject))",
            "Date: \(Self.time(date))",
            "Message-ID: <\(Self.line(id))@\(Self.line(domain))>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
        ]
        let letter = Self.part("text/plain; charset=utf-8", Data(text.utf8))
        guard let attachment else {
            return Array((head + letter).joined(separator: "\r\n").utf8)
        }
        // No line of base64 begins with a dash, so none can be taken for it.
        let boundary = "=_ringback"
        let name = Self.line(attachment.name).filter { $0 != "\"" && $0 != "\\" }
        let file = Self.part(
            Self.line(attachment.type),
            Data(attachment.bytes),
            "Content-Disposition: attachment; filename=\"\(name)\""
        )
        let lines =
            head + ["Content-Type: multipart/mixed; boundary=\"\(boundary)\"", ""]
            + ["--\(boundary)"] + letter + ["--\(boundary)"] + file + ["--\(boundary)--", ""]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    /// A body with the headers that say what it is.
    private static func part(_ type: String, _ bytes: Data, _ more: String...) -> [String] {
        let text = bytes.base64EncodedString(
            options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed]
        )
        return ["Content-Type: \(type)", "Content-Transfer-Encoding: base64"] + more + [
            "", text, "",
        ]
    }

    /// Without anything but printable ASCII.
    private static func line(_ text: String) -> String {
        String(decoding: text.utf8.map { (0x20...0x7E).contains($0) ? $0 : 0x3F }, as: UTF8.self)
    }

    private static func time(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.weekday, .day, .month, .year, .hour, .minute, .second],
            from: date
        )
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        func two(_ number: Int?) -> String {
            let number = number ?? 0
            return number < 10 ? "0\(number)" : "\(number)"
        }
        let day = days[((parts.weekday ?? 1) - 1) % days.count]
        let month = months[((parts.month ?? 1) - 1) % months.count]
        return "\(day), \(two(parts.day)) \(month) \(parts.year ?? 1970) "
            + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) +0000"
    }
}

/// Sends mails through one server, with libcurl.
///
/// A connection in the clear is encrypted where the server can (STARTTLS), and must be where the
/// address has a password.
package struct Mailer: Sendable {
    /// Longest time for one mail with all its steps.
    package static let sendMax = Duration.seconds(30)

    /// `smtp` or `smtps`, with user and password if the server wants them.
    private let server: String

    package init(server: String) {
        self.server = server
    }

    /// Sends a mail once.
    ///
    /// - Throws: `MailError`; the mail may have been sent all the same.
    package func send(_ message: MailMessage) async throws(MailError) {
        let server = server
        // libcurl's simple call blocks: not on the shared threads.
        let code = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: Self.perform(message, server))
            }
        }
        guard code == CURLE_OK else {
            throw MailError(reason: String(cString: curl_easy_strerror(code)))
        }
    }

    private static func perform(_ message: MailMessage, _ server: String) -> CURLcode {
        var list: UnsafeMutablePointer<curl_slist>?
        for recipient in message.recipients {
            // Without memory the list stays as it was.
            list = curl_slist_append(list, "<\(recipient)>") ?? list
        }
        defer { curl_slist_free_all(list) }
        let bytes = message.bytes
        return bytes.withUnsafeBytes { buffer in
            ringback_curl_send_mail(
                server,
                "<\(message.from)>",
                list,
                buffer.baseAddress,
                buffer.count,
                Int(sendMax.components.seconds)
            )
        }
    }
}
