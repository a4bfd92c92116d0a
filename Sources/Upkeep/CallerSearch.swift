import Crypto
import Foundation
import PhoneNumbers

/// Finds a caller in bytes: by the number in any spelling, by a digest of it, by a conversation.
struct CallerSearch: Sendable {
    private let spellings: CallerSpellings

    /// What is looked for as it stands.
    private let words: [Data]

    init(_ caller: CallerIdentity, conversations: [String]) {
        spellings = CallerSpellings(caller)
        // Profiles of advertisers hold the number as a plain digest.
        let numbers: [String] =
            if case .number(let number) = caller {
                [number.text, String(number.text.dropFirst())]
            } else { [] }
        let digests = numbers.map { text in
            SHA256.hash(data: Data(text.utf8)).map { byte in
                String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
            .joined()
        }
        words = (digests + conversations).map { Data($0.utf8) }
    }

    func occurs(in bytes: Data) -> Bool {
        spellings.occur(in: bytes) || words.contains { bytes.range(of: $0) != nil }
    }

    /// Whether the number occurs, whatever the conversation.
    func numberOccurs(in bytes: Data) -> Bool { spellings.occur(in: bytes) }

    /// Bytes of a file that are looked at together.
    private static let chunkBytes = 1 << 20

    /// Whether a file names the caller; false for one that is gone meanwhile.
    func occurs(inFile path: String) throws -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        defer {
            do {
                try file.close()
            } catch {
                // Nothing was written.
            }
        }
        let overlap = max(spellings.overlap, words.map(\.count).max() ?? 0)
        var tail = Data()
        while let chunk = try file.read(upToCount: Self.chunkBytes), !chunk.isEmpty {
            let bytes = tail + chunk
            if occurs(in: bytes) { return true }
            tail = Data(bytes.suffix(overlap))
        }
        return false
    }
}
