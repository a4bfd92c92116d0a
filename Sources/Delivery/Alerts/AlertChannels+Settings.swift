package import Ambient
package import HTTPClient
import Mail
package import Settings

extension Poster {
    /// A poster that reaches what the settings allow.
    package init(http: HTTPClient, ambient: Ambient, settings: OutsideSettings) {
        self.init(http: http, ambient: ambient, privateHosts: settings.privateHosts)
    }
}

extension AlertChannels {
    /// The channels that the settings name; a half-named one is none.
    package init(poster: Poster, ambient: Ambient, settings: OutsideSettings) {
        var webhook: Webhook?
        if let url = settings.alertWebhook, let secret = settings.alertSecret {
            webhook = Webhook(url: url, secret: secret.reveal())
        }
        var letters: Letters?
        if let server = settings.smtp, let from = settings.mailFrom,
            !settings.alertRecipients.isEmpty
        {
            letters = Letters(
                mailer: Mailer(server: server.reveal()),
                from: from,
                recipients: settings.alertRecipients
            )
        }
        self.init(poster: poster, webhook: webhook, letters: letters, ambient: ambient)
    }
}
