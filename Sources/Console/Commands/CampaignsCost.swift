import ArgumentParser
import CallStore
import Foundation
import Hosting
import Reports

extension CampaignsCommand {
    /// `ringback campaigns cost`.
    struct Cost: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "cost",
            abstract: "Say what a campaign's printing, postage and advertising cost."
        )

        @Argument(help: "The campaign's name or id.")
        var campaign: String

        @Option(help: "The amount, such as 1250 or 1250.50.")
        var media: String?

        @Option(help: "Three letters of ISO 4217.")
        var currency = "USD"

        @Flag(help: "Take back what was said.")
        var clear = false

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (media != nil) != clear else {
                throw ValidationError("Say --media with an amount, or --clear.")
            }
            if let media, Self.micros(media) == nil {
                throw ValidationError(
                    "--media takes an amount of 0 or more with at most six decimals."
                )
            }
            guard currency.wholeMatch(of: /[A-Z]{3}/) != nil else {
                throw ValidationError("--currency takes three capital letters, such as USD.")
            }
        }

        /// Millionths, without passing through a binary fraction.
        static func micros(_ text: String) -> Int64? {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), (1...12).contains(parts[0].count),
                parts.allSatisfy({ $0.allSatisfy(\.isASCII) && $0.allSatisfy(\.isNumber) }),
                let whole = Int64(parts[0])
            else { return nil }
            guard parts.count == 2 else { return whole * 1_000_000 }
            guard (1...6).contains(parts[1].count) else { return nil }
            let padded = parts[1] + String(repeating: "0", count: 6 - parts[1].count)
            return Int64(padded).map { whole * 1_000_000 + $0 }
        }

        func run(in session: Session) async throws {
            let micros = media.flatMap(Self.micros)
            let currency = currency
            let found = try await session.withStore { store in
                let found = try await CampaignName.find(campaign, in: store)
                try await store.write {
                    try $0.setMediaCost(micros: micros, currency: currency, of: found.id)
                }
                return found
            }
            if output.json {
                session.terminal.show(
                    .fields(
                        ("campaign", .text(found.name)),
                        ("media", micros.map { .number(Double($0) / 1_000_000) } ?? .null),
                        ("currency", micros == nil ? .null : .text(currency))
                    )
                )
            } else {
                let cost = micros.map { FigureText.money(Double($0) / 1_000_000, currency) }
                session.terminal.line("\(found.name): media cost \(cost ?? "not known")")
            }
        }
    }
}
