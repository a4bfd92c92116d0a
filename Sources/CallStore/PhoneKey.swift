import Crypto
package import Foundation
package import PhoneNumbers

/// The secret under which callers are named without their number.
///
/// A caller key is `HMAC-SHA-256(key, "v1|" + E.164)`. The secret lives outside the store; the
/// store keeps its id, so that a rotation can tell old keys from new ones.
package struct PhoneKey: Sendable {
    /// Which secret this is; not secret itself.
    package let id: String
    private let key: SymmetricKey

    /// - Parameters:
    ///   - id: Names the secret in the store.
    ///   - secret: The secret's bytes, at least `secretBytesMin`.
    /// - Throws: `StoreError.rejected` when the secret is too short to protect anything.
    package init(id: String, secret: Data) throws(StoreError) {
        guard secret.count >= Self.secretBytesMin else {
            throw .rejected(reason: "the phone key is shorter than \(Self.secretBytesMin) bytes")
        }
        self.id = id
        key = SymmetricKey(data: secret)
    }

    /// 128 bits: less could be searched.
    package static let secretBytesMin = 16

    /// The caller key of a caller, 32 bytes; of an address as it is of a number.
    package func callerKey(of caller: CallerIdentity) -> Data { callerKey(e164: caller.text) }

    /// The caller key of a number, 32 bytes.
    package func callerKey(e164: String) -> Data {
        let code = HMAC<SHA256>.authenticationCode(for: Data("v1|\(e164)".utf8), using: key)
        return Data(code)
    }
}
