import Ambient
package import CallStore
import Foundation
package import JobWorker

/// The mail of each morning: what yesterday was, and what fires now.
package struct Digest: Sendable {
    private let store: CallStore
    private let channels: Channels

    /// The address under which others reach the server; nil when they do not.
    private let publicURL: String?

    /// - Parameters:
    ///   - store: Knows the figures.
    ///   - channels: Those of the alerts; it goes by mail alone.
    ///   - publicURL: For the link.
    package init(store: CallStore, channels: Channels, publicURL: String?) {
        self.store = store
        self.channels = channels
        self.publicURL = publicURL
    }

    /// Sends the digest of yesterday, by days of the report zone.
    ///
    /// - Returns: Done, also where nobody is to get mails; a retry when the server did not take it.
    /// - Throws: `StoreError`.
    package func send(in context: JobContext) async throws -> HandlerResult<StoreChange> {
        guard channels.letters != nil else { return .done { _ in } }
        let yesterday = try await store.figureReport(FigureScope(to: LocalDay(0))).today + -1
        let text = try await text(of: yesterday)
        // The same for one day, so that a repeat is known as one.
        let failure = await channels.mail(
            subject: "Calls of \(yesterday)",
            text: text,
            id: "digest_\(yesterday)"
        )
        if let failure { return .retry(reason: failure) }
        return .done { _ in }
    }

    /// The digest of one day, in words.
    ///
    /// - Throws: `StoreError`.
    package func text(of day: LocalDay) async throws -> String {
        let report = try await store.figureReport(FigureScope(from: day, to: day))
        let before = try await store.figureReport(FigureScope(from: day + -7, to: day + -7)).total
        let total = report.total
        var lines = [
            "\(day), by days of \(report.timeZone)", "",
            "Calls                \(total.calls) (a week before: \(before.calls))",
            "Successful           \(Self.share(total.success, total.success + total.failure))",
            "Qualified            \(total.qualified)",
            "Conversions          \(total.conversions) (a week before: \(before.conversions))",
            "Without a campaign   \(Self.share(total.calls - total.attributed, total.calls))",
        ]
        if total.pending > 0 { lines.append("Not analysed yet     \(total.pending)") }
        if let cost = total.agentCost {
            lines.append("Agent's cost         $\((cost * 100).rounded() / 100)")
        }
        let firing = try await store.alertStates().filter(\.isFiring)
        lines.append("")
        if firing.isEmpty {
            lines.append("No alert fires.")
        } else {
            lines.append("Alerts that fire:")
            lines += firing.map { state in
                "- \(AlertRule(rawValue: state.rule)?.title ?? state.rule), since "
                    + "\(OutgoingText.time(state.sinceMilliseconds)): \(state.text)"
            }
        }
        if let publicURL { lines += ["", publicURL + "/"] }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func share(_ part: Int, _ whole: Int) -> String {
        guard whole > 0 else { return "\(part)" }
        let percent = (Double(part) / Double(whole) * 1_000).rounded() / 10
        return "\(part) of \(whole) (\(percent) %)"
    }
}
