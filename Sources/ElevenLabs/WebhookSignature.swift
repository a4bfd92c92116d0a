import Crypto
package import Foundation

/// The shared secret of a webhook; it shows itself to nobody.
package struct WebhookSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    let bytes: [UInt8]

    /// A secret, whose UTF-8 bytes as given are the key, prefix included.
    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package var description: String { "[secret]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a signature does not hold.
package enum WebhookSignatureError: String, Error, Sendable, Equatable, CaseIterable {
    case missing
    case malformed

    /// Signed more than `WebhookVerifier.ageMax` ago.
    case tooOld

    /// Signed more than `WebhookVerifier.futureMax` from now.
    case inFuture
    case mismatch
}

/// Checks that a webhook was signed with one of our secrets, lately.
package struct WebhookVerifier: Sendable {
    /// The header with the signature; names of headers are compared without regard to case.
    package static let header = "ElevenLabs-Signature"

    /// The vendor's own verifiers allow as much.
    package static let ageMax = Duration.seconds(30 * 60)

    /// For clocks that run apart; our own choice.
    package static let futureMax = Duration.seconds(5 * 60)

    /// Bytes of the header, and signatures in it: more is nobody's rotation.
    package static let headerBytesMax = 4_096
    package static let signaturesMax = 8

    private let secrets: [WebhookSecret]

    /// A verifier that takes any of these secrets; two during a rotation.
    package init(secrets: [WebhookSecret]) {
        // An empty secret would let anybody sign.
        self.secrets = secrets.filter { !$0.bytes.isEmpty }
    }

    /// Whether there is anything to verify with.
    package var hasSecret: Bool { !secrets.isEmpty }

    /// What the upstream would send with a body, once for each secret, the one in force first.
    package func headers(signing body: [UInt8], now: Date) -> [String] {
        let time = String(Int64(now.timeIntervalSince1970))
        return secrets.map { secret in
            "t=\(time),v0=\(Hexadecimal.text(Self.code(of: body, at: time, by: secret)))"
        }
    }

    private static func code(of body: [UInt8], at time: String, by secret: WebhookSecret) -> [UInt8]
    {
        var code = HMAC<SHA256>(key: SymmetricKey(data: secret.bytes))
        code.update(data: Array("\(time).".utf8))
        code.update(data: body)
        return Array(code.finalize())
    }

    /// Checks the signature over the bytes as they were received.
    ///
    /// Compares in constant time, and all signatures with all secrets, whichever fits.
    ///
    /// - Parameters:
    ///   - body: The raw body.
    ///   - header: The header's value; nil when it is not there.
    ///   - now: The wall time.
    /// - Throws: `WebhookSignatureError`; the body must not be believed.
    package func verify(
        _ body: [UInt8],
        signedBy header: String?,
        now: Date
    ) throws(WebhookSignatureError) {
        guard let header, !header.isEmpty else { throw .missing }
        let signature = try Signature(header)
        var isMatch = false
        for secret in secrets {
            let expected = Self.code(of: body, at: signature.time, by: secret)
            for given in signature.codes {
                isMatch = Self.isEqual(expected, given) || isMatch
            }
        }
        guard isMatch else { throw .mismatch }
        // Only now, so that nobody without a secret learns anything of our clock.
        let age = now.timeIntervalSince1970 - Double(signature.seconds)
        if age > Double(Self.ageMax.components.seconds) { throw .tooOld }
        if -age > Double(Self.futureMax.components.seconds) { throw .inFuture }
    }

    /// Compares without telling by its time where two codes differ.
    private static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        guard first.count == second.count else { return false }
        var difference: UInt8 = 0
        for index in first.indices {
            difference |= first[index] ^ second[index]
        }
        return difference == 0
    }

    /// The parts of `t=1794700000,v0=…`, in any order, with spaces around them.
    private struct Signature {
        /// As it was written, for that text is what was signed.
        let time: String
        let seconds: Int64
        let codes: [[UInt8]]

        init(_ header: String) throws(WebhookSignatureError) {
            guard header.utf8.count <= headerBytesMax else { throw .malformed }
            var times: [Substring] = []
            var codes: [[UInt8]] = []
            for part in header.split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1).map(Self.trimmed)
                guard pair.count == 2 else { continue }
                switch pair[0] {
                case "t":
                    times.append(pair[1])
                case "v0":
                    // A value that is no code cannot match, but another one may.
                    if let code = Hexadecimal.bytes(pair[1]) { codes.append(code) }
                default:
                    // A later scheme's, beside ours.
                    continue
                }
            }
            // With two times it would be unclear which one was signed.
            guard times.count == 1, let time = times.first, !codes.isEmpty,
                codes.count <= signaturesMax,
                time.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
                let seconds = Int64(time)
            else { throw .malformed }
            self.time = String(time)
            self.seconds = seconds
            self.codes = codes
        }

        private static func trimmed(_ text: Substring) -> Substring {
            var text = text
            while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
            while let last = text.last, last == " " || last == "\t" { text.removeLast() }
            return text
        }
    }
}
