import Crypto
import Foundation

/// The digest of a transcript as the simulator's truth has it.
enum TurnsDigest {
    static func text(_ turns: [(role: String, seconds: Int, message: String?)]) -> String {
        var hash = SHA256()
        for turn in turns {
            let line = "\(turn.role)|\(turn.seconds)|\(turn.message ?? "\u{0}")\n"
            hash.update(data: Data(line.utf8))
        }
        return hash.finalize().map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }
}
