import ArgumentParser
import CallStore
import Foundation
import Hosting
import Reports
import Settings

extension CampaignsCommand {
    enum CodeFormat: String, ExpressibleByArgument, CaseIterable {
        case svg
        case png
    }

    /// `ringback campaigns qr`.
    struct QR: ConsoleCommand {
        static let configuration = CommandConfiguration(
            commandName: "qr",
            abstract: "Make the QR code of a campaign, or of one of its recipients.",
            discussion: """
                The code leads to RINGBACK_PUBLIC_URL, which records the scan and sends people on to
                the campaign's landing page (`campaigns edit NAME --landing URL`).
                """
        )

        @Argument(help: "The campaign's name or id.")
        var campaign: String

        @Option(help: "The recipient, by the reference of the list.")
        var recipient: String?

        @Option(help: "svg or png.")
        var format = CodeFormat.svg

        @Option(help: "Pixels of one module of a PNG, 1 to 64.")
        var module = 8

        @Option(help: "The file to write; without it an SVG goes to standard output.")
        var out: String?

        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard QRCode.moduleRange.contains(module) else {
                throw ValidationError("--module takes 1 to 64.")
            }
            guard format == .svg || out != nil else {
                throw ValidationError("A PNG needs --out.")
            }
        }

        func run(in session: Session) async throws {
            guard let address = session.settings.server.publicURL else {
                throw StartFailure(
                    .wrongUse,
                    "RINGBACK_PUBLIC_URL is not set; codes must lead to an address that phones can "
                        + "reach, for example https://ringback.example.com"
                )
            }
            let (name, token) = try await session.withStore { store in
                let found = try await CampaignName.find(campaign, in: store)
                let reference = recipient
                let token = try await store.write { writer in
                    guard let reference else { return try writer.token(of: found.id) }
                    guard let entered = try writer.recipient(reference: reference, of: found.id)
                    else { throw StoreError.notFound(what: "recipient of this campaign") }
                    return try writer.token(of: entered.id, in: found.id)
                }
                return (found.name, token)
            }
            let link = TokenTarget.link(token: token, at: address)
            let code = try QRCode(link)
            if let out {
                let data =
                    format == .svg ? Data(code.svg.utf8) : try code.png(module: module)
                do {
                    try data.write(to: URL(filePath: out), options: .atomic)
                } catch {
                    throw StartFailure(.failed, "\(out) cannot be written")
                }
            }
            tell(name, link, code, session.terminal)
        }

        private func tell(_ name: String, _ link: String, _ code: QRCode, _ terminal: Terminal) {
            if output.json {
                terminal.show(
                    .fields(
                        ("campaign", .text(name)),
                        ("recipient", .optional(recipient)),
                        ("link", .text(link)),
                        ("file", .optional(out)),
                        ("svg", .optional(out == nil ? code.svg : nil))
                    )
                )
            } else if let out {
                terminal.line("\(out): \(link)")
            } else {
                terminal.write(code.svg)
            }
        }
    }
}

/// The page of a campaign, given as an option.
enum LandingOption {
    static func address(_ text: String?) throws(StartFailure) -> LandingAddress? {
        guard let text else { return nil }
        guard let address = LandingAddress(text) else {
            throw StartFailure(
                .wrongUse,
                "--landing takes an http or https address, such as https://example.com/spring"
            )
        }
        return address
    }
}
