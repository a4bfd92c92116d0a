import ArgumentParser
import CallStore
import Hosting
import PhoneNumbers
import Reports
import Settings

/// Callers by what people call them.
enum CallerNumber {
    static let help: ArgumentHelp =
        "The number, with country code or as RINGBACK_REGION dials it, or a SIP address."

    /// The number, or the SIP address, that an argument means.
    ///
    /// - Throws: `StartFailure` for what is neither; it does not quote the argument.
    static func read(_ text: String, _ session: Session) throws(StartFailure) -> CallerIdentity {
        let region = Region(session.settings.region)
        guard let caller = CallerIdentity(NumberNormalizer().read(text, region: region)) else {
            throw StartFailure(
                .wrongUse,
                "that is no valid phone number; write it with its country code, such as "
                    + "+49 30 123456, or a SIP address such as sip:ana@pbx.example.com"
            )
        }
        return caller
    }

    /// Whether a text holds the caller in any spelling.
    static func occurs(_ caller: CallerIdentity, in text: String) -> Bool {
        CallerSpellings(caller).occur(in: Array(text.utf8))
    }

    /// Second spellings of the number under which something is kept; they are callers of their own.
    static func variants(
        of caller: CallerIdentity,
        in store: CallStore
    ) async throws -> [CallerVariant] {
        var found: [CallerVariant] = []
        guard case .number(let number) = caller else { return found }
        for candidate in DeclaredVariant.candidates(of: number.text) {
            guard let variant = E164(stored: candidate.text) else { continue }
            let caller = try await store.caller(.number(variant))
            guard caller.calls > 0 || !caller.recipients.isEmpty else { continue }
            found.append(
                CallerVariant(
                    number: variant,
                    calls: caller.calls,
                    recipients: caller.recipients.count
                )
            )
        }
        return found
    }
}

/// A number that may be the same telephone by a rule of its country.
struct CallerVariant: Equatable {
    let number: E164
    let calls: Int
    let recipients: Int

    var json: JSONValue {
        .fields(
            ("caller", .text(PhoneMask.masked(number.text))),
            ("calls", .count(calls)),
            ("recipients", .count(recipients))
        )
    }

    var line: String {
        "\(PhoneMask.masked(number.text)) may be the same telephone: \(calls) calls, "
            + "\(recipients) recipients are kept under it, as a caller of their own"
    }
}
