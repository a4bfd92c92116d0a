package import Ambient
import Crypto
import Foundation
import HTTPTypes
import Synchronization

/// Who is signed in; forgotten when the server ends.
package final class Sessions: Sendable {
    static let cookie = "ringback_session"

    private let ambient: Ambient

    /// When each ends, by the digest of its id: what stands in memory signs nobody in.
    private let ends = Mutex<[SHA256.Digest: Duration]>([:])

    package init(ambient: Ambient) {
        self.ambient = ambient
    }

    /// Begins a session.
    ///
    /// - Returns: Its id, for the cookie.
    func begin() -> String {
        // Two ids of chance have 244 random bits.
        let id = [ambient.newID(), ambient.newID()]
            .map { $0.uuidString.filter { $0 != "-" }.lowercased() }.joined()
        let now = ambient.elapsed()
        ends.withLock { ends in
            ends = ends.filter { $0.value > now }
            if ends.count >= WebLimits.sessionsMax {
                let oldest = ends.min { $0.value < $1.value }
                if let oldest { ends[oldest.key] = nil }
            }
            ends[Self.digest(id)] = now + WebLimits.sessionMax
        }
        return id
    }

    func isOpen(_ id: String) -> Bool {
        let now = ambient.elapsed()
        return ends.withLock { ($0[Self.digest(id)] ?? .zero) > now }
    }

    func end(_ id: String) {
        ends.withLock { $0[Self.digest(id)] = nil }
    }

    /// The id in a request's cookies; nil without one.
    static func id(in headers: HTTPFields) -> String? {
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2, parts[0].filter({ $0 != " " }) == cookie else { continue }
                return parts[1]
            }
        }
        return nil
    }

    /// The cookie that keeps a session, or ends it when there is no id.
    static func header(_ id: String?, isSecure: Bool) -> String {
        let seconds = id == nil ? 0 : WebLimits.sessionMax.components.seconds
        return "\(cookie)=\(id ?? ""); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(seconds)"
            + (isSecure ? "; Secure" : "")
    }

    private static func digest(_ id: String) -> SHA256.Digest { SHA256.hash(data: Data(id.utf8)) }
}
