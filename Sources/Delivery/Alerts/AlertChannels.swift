import CallStore
import Foundation

/// Where alerts are sent.
package struct AlertChannels: Sendable {
    private let channels: Channels

    package init(_ channels: Channels) {
        self.channels = channels
    }

    /// Sends a notice by every channel.
    ///
    /// - Returns: Why channels failed; none when all took it.
    /// - Throws: `CancellationError`.
    package func send(_ notice: AlertNotice) async throws -> [String] {
        let posted = try await channels.post(Self.json(notice), id: notice.id)
        let word = notice.isFiring ? "Alert" : "Over"
        let mailed = await channels.mail(
            subject: "\(word): \(notice.rule.title)",
            text: "\(notice.text)\n\nRule: \(notice.rule.rawValue)\n"
                + "Since: \(OutgoingText.time(notice.sinceMilliseconds))\n",
            id: notice.id
        )
        return [posted, mailed].compactMap(\.self)
    }

    private static func json(_ notice: AlertNotice) -> [UInt8] {
        OutgoingText.json([
            "id": .text(notice.id),
            "type": .text(notice.isFiring ? "alert.firing" : "alert.resolved"),
            "rule": .text(notice.rule.rawValue),
            "title": .text(notice.rule.title),
            "text": .text(notice.text),
            "since": .text(OutgoingText.time(notice.sinceMilliseconds)),
        ])
    }
}
