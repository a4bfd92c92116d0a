import ArgumentParser
package import CallStore
package import Foundation
package import Reports
import Settings

/// `ringback calls ledger`.
struct CallsLedger: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "How the calls of each day came here: by webhook or by poll, changed or missed.",
        discussion: "Days are those of RINGBACK_TIME_ZONE; a call belongs to the day it began."
    )

    @Option(help: "How many days, today included.")
    var days = 14

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...ArchiveLimits.daysMax).contains(days) else {
            throw ValidationError("--days takes 1 to \(ArchiveLimits.daysMax).")
        }
    }

    func run(in session: Session) async throws {
        try await session.withStore { store in
            let zone = session.settings.timeZone
            let card = try await store.ledgerCard(days: days, zone: zone)
            if output.json {
                session.terminal.show(.list(card.map { LedgerText.json($0, zone: zone) }))
            } else {
                session.terminal.write(LedgerText.table(card, zone: zone).rendered())
            }
        }
    }
}

/// The ledger card as text and as JSON.
package enum LedgerText {
    package static func json(_ day: LedgerDay, zone: TimeZone) -> JSONValue {
        .fields(
            ("day", .text(name(day, zone))),
            ("from", .text(TimeText.iso(milliseconds: day.fromUnix * 1000))),
            ("to", .text(TimeText.iso(milliseconds: day.toUnix * 1000))),
            ("calls", .count(day.calls)),
            ("byWebhook", .count(day.byWebhook)),
            ("byPoll", .count(day.byPoll)),
            ("unknown", .count(day.unknown)),
            ("changedLater", .count(day.changedLater)),
            ("neverByWebhook", .count(day.neverByWebhook)),
            ("awaitingWebhook", .count(day.awaitingWebhook))
        )
    }

    package static func table(_ card: [LedgerDay], zone: TimeZone) -> Table {
        var table = Table(
            .init("DAY"),
            .init("CALLS", .right),
            .init("BY WEBHOOK", .right),
            .init("BY POLL", .right),
            .init("CHANGED LATER", .right),
            .init("NO WEBHOOK", .right),
            .init("AWAITED", .right)
        )
        for day in card {
            table.add(
                name(day, zone),
                "\(day.calls)",
                "\(day.byWebhook)",
                "\(day.byPoll)" + (day.unknown > 0 ? " (+\(day.unknown) unknown)" : ""),
                "\(day.changedLater)",
                "\(day.neverByWebhook)",
                "\(day.awaitingWebhook)"
            )
        }
        return table
    }

    /// The day's date in the zone.
    private static func name(_ day: LedgerDay, _ zone: TimeZone) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let date = Date(timeIntervalSince1970: Double(day.fromUnix))
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        func padded(_ number: Int?, _ width: Int) -> String {
            let text = String(number ?? 0)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2))"
    }
}
