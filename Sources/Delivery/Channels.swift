package import Ambient
package import HTTPClient
package import Mail
package import Settings

/// The ways by which something of ours is told to people: an address, a mail server, or both.
package struct Channels: Sendable {
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

    package let webhook: Webhook?
    package let letters: Letters?
    private let poster: Poster
    private let ambient: Ambient

    package init(poster: Poster, webhook: Webhook?, letters: Letters?, ambient: Ambient) {
        self.poster = poster
        self.webhook = webhook
        self.letters = letters
        self.ambient = ambient
    }

    /// Whether anybody would hear.
    package var areThere: Bool { webhook != nil || letters != nil }

    /// Posts JSON to the address.
    ///
    /// - Returns: Why it failed; nil when it did not, or there is no address.
    /// - Throws: `CancellationError`.
    package func post(_ body: [UInt8], id: String) async throws -> String? {
        guard let webhook else { return nil }
        let result = try await poster.post(body, to: webhook.url, secret: webhook.secret, id: id)
        return result.isDelivered ? nil : "webhook: \(result.reason ?? "not delivered")"
    }

    /// Sends a mail to all recipients.
    ///
    /// - Returns: Why it failed; nil when it did not, or there is no mail server.
    package func mail(
        subject: String,
        text: String,
        attachment: MailAttachment? = nil,
        id: String
    ) async -> String? {
        guard let letters else { return nil }
        do throws(MailError) {
            try await letters.mailer.send(
                MailMessage(
                    from: letters.from,
                    recipients: letters.recipients,
                    subject: "[Ringback] \(subject)",
                    text: text,
                    attachment: attachment,
                    id: id,
                    date: ambient.now()
                )
            )
            return nil
        } catch {
            return "mail: \(error.reason)"
        }
    }
}

extension Poster {
    /// A poster that reaches what the settings allow.
    package init(http: HTTPClient, ambient: Ambient, settings: OutsideSettings) {
        self.init(http: http, ambient: ambient, privateHosts: settings.privateHosts)
    }
}

extension Channels {
    /// Those that alerts are sent by; a half-named one is none.
    package static func ofAlerts(
        poster: Poster,
        ambient: Ambient,
        settings: OutsideSettings
    ) -> Channels {
        Channels(
            poster: poster,
            webhook: webhook(settings.alertWebhook, settings.alertSecret),
            letters: letters(to: settings.alertRecipients, settings),
            ambient: ambient
        )
    }

    /// Those that exports are passed on by; a half-named one is none.
    package static func ofExports(
        poster: Poster,
        ambient: Ambient,
        settings: OutsideSettings
    ) -> Channels {
        Channels(
            poster: poster,
            webhook: webhook(settings.exportWebhook, settings.exportSecret),
            letters: letters(to: settings.exportRecipients, settings),
            ambient: ambient
        )
    }

    private static func webhook(_ url: String?, _ secret: Secret?) -> Webhook? {
        guard let url, let secret else { return nil }
        return Webhook(url: url, secret: secret.reveal())
    }

    private static func letters(to recipients: [String], _ settings: OutsideSettings) -> Letters? {
        guard let server = settings.smtp, let from = settings.mailFrom, !recipients.isEmpty else {
            return nil
        }
        return Letters(mailer: Mailer(server: server.reveal()), from: from, recipients: recipients)
    }
}
