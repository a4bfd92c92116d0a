import Synchronization

/// Keeps the memory of webhooks that are being read within a bound.
final class WebhookAdmission: Sendable {
    private let bytesMax: Int
    private let bytes = Mutex(0)

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Reserves room for a body; false when there is none now.
    func enter(_ count: Int) -> Bool {
        bytes.withLock { bytes in
            guard bytes + count <= bytesMax else { return false }
            bytes += count
            return true
        }
    }

    func leave(_ count: Int) {
        bytes.withLock { $0 -= count }
    }
}
