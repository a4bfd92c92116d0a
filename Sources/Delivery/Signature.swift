import Crypto
import Foundation

/// The signature of what we send: `t=<Unix seconds>,v0=<HMAC-SHA256 of "t.body", in hex>`.
///
/// It has the form of the upstream's own, so that one check serves a receiver for both.
package enum Signature {
    package static let header = "ringback-signature"

    /// The header's value.
    ///
    /// - Parameters:
    ///   - body: What is sent, byte for byte.
    ///   - secret: Known to the receiver.
    ///   - unix: When it is sent; the receiver refuses what is old.
    /// - Returns: The text.
    package static func value(of body: [UInt8], secret: String, atUnix unix: Int64) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: Data(secret.utf8)))
        code.update(data: Data("\(unix).".utf8))
        code.update(data: Data(body))
        let digits = code.finalize().map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return "t=\(unix),v0=\(digits.joined())"
    }
}
