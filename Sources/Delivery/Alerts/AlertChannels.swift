import CallStore
import Foundation

/// Where alerts are sent.
package struct AlertChannels: Sendable {
    private let channels: Channels

    package init(_ channels: Channels) {
        self.channels = channels
    }

    /// The ways by which anybody hears.
    ///
    /// All when there is no channel: a notice is then only logged, and taken by everybody.
    var ways: AlertWays {
        var ways: AlertWays = []
        if channels.webhook != nil { ways.insert(.webhook) }
        if channels.letters != nil { ways.insert(.mail) }
        return ways.isEmpty ? .all : ways
    }

    /// Sends a notice by every channel that is among its ways.
    ///
    /// - Returns: Why channels failed; none when all took it.
    /// - Throws: `CancellationError`.
    package func send(_ notice: AlertNotice) async throws -> [String] {
        try await refusals(of: notice).map(\.reason)
    }

    /// Sends a notice by every channel that is among its ways.
    ///
    /// A way without a channel takes whatever it is told.
    ///
    /// - Returns: Which ways failed, and why; none when all took it.
    /// - Throws: `CancellationError`.
    func refusals(of notice: AlertNotice) async throws -> [(way: AlertWays, reason: String)] {
        var refusals: [(way: AlertWays, reason: String)] = []
        if notice.ways.contains(.webhook),
            let reason = try await channels.post(Self.json(notice), id: notice.id)
        {
            refusals.append((way: .webhook, reason: reason))
        }
        if notice.ways.contains(.mail), let reason = await mail(notice) {
            refusals.append((way: .mail, reason: reason))
        }
        return refusals
    }

    private func mail(_ notice: AlertNotice) async -> String? {
        let word = notice.isFiring ? "Alert" : "Over"
        return await channels.mail(
            subject: "\(word): \(notice.rule.title)",
            text: "\(notice.text)\n\nRule: \(notice.rule.rawValue)\n"
                + "Since: \(OutgoingText.time(notice.sinceMilliseconds))\n",
            id: notice.id
        )
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
