package import Ambient
import Foundation
package import Mail

/// Where alerts are sent.
package struct AlertChannels: Sendable {
    /// An address, and the secret that signs what is posted there.
    package struct Webhook: Sendable {
        package let url: String
        package let secret: String

        package init(url: String, secret: String) {
            self.url = url
            self.secret = secret
        }
    }

    /// A mail server, and who writes to whom.
    package struct Letters: Sendable {
        package let mailer: Mailer
        package let from: String
        package let recipients: [String]

        package init(mailer: Mailer, from: String, recipients: [String]) {
            self.mailer = mailer
            self.from = from
            self.recipients = recipients
        }
    }

    private let poster: Poster
    private let webhook: Webhook?
    private let letters: Letters?
    private let ambient: Ambient

    package init(poster: Poster, webhook: Webhook?, letters: Letters?, ambient: Ambient) {
        self.poster = poster
        self.webhook = webhook
        self.letters = letters
        self.ambient = ambient
    }

    /// Whether anybody would hear.
    package var areThere: Bool { webhook != nil || letters != nil }

    /// Sends a notice by every channel.
    ///
    /// - Returns: Why channels failed; none when all took it.
    /// - Throws: `CancellationError`.
    package func send(_ notice: AlertNotice) async throws -> [String] {
        var failures: [String] = []
        if let webhook {
            let result = try await poster.post(
                Self.json(notice),
                to: webhook.url,
                secret: webhook.secret,
                id: notice.id
            )
            if !result.isDelivered {
                failures.append("webhook: \(result.reason ?? "not delivered")")
            }
        }
        if let letters {
            let word = notice.isFiring ? "Alert" : "Over"
            do throws(MailError) {
                try await letters.mailer.send(
                    MailMessage(
                        from: letters.from,
                        recipients: letters.recipients,
                        subject: "[Ringback] \(word): \(notice.rule.title)",
                        text: "\(notice.text)\n\nRule: \(notice.rule.rawValue)\n"
                            + "Since: \(Self.time(notice.sinceMilliseconds))\n",
                        id: notice.id,
                        date: ambient.now()
                    )
                )
            } catch {
                failures.append("mail: \(error.reason)")
            }
        }
        return failures
    }

    private struct Body: Encodable {
        var id: String
        var type: String
        var rule: String
        var title: String
        var text: String
        var since: String
    }

    private static func json(_ notice: AlertNotice) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(
                try encoder.encode(
                    Body(
                        id: notice.id,
                        type: notice.isFiring ? "alert.firing" : "alert.resolved",
                        rule: notice.rule.rawValue,
                        title: notice.rule.title,
                        text: notice.text,
                        since: time(notice.sinceMilliseconds)
                    )
                )
            )
        } catch {
            preconditionFailure("A notice holds texts alone.")
        }
    }

    private static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}
