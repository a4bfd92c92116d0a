import Ambient
import Foundation
import Settings
import Testing

@Suite("phone key file")
struct PhoneKeyFileTests {
    @Test("is made once, for its owner alone, and read ever after")
    func madeOnce() throws {
        let folder = try ScratchFolder()
        let file = PhoneKeyFile(path: folder.path + "/keys/phone")
        #expect(try file.existing() == nil)
        let key = try file.key(in: .live())
        #expect(key.reveal().count == 64)
        #expect(try file.key(in: .live()) == key)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/keys")
        #expect(left == ["phone"])
    }

    @Test("is one key, however many processes make it at once")
    func madeByManyAtOnce() async throws {
        let folder = try ScratchFolder()
        let file = PhoneKeyFile(path: folder.path + "/keys/phone")
        let keys = try await withThrowingTaskGroup(of: Secret.self) { group in
            for _ in 0..<16 { group.addTask { try file.key(in: .live()) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let first = try #require(keys.first)
        #expect(keys.count == 16)
        #expect(keys.allSatisfy { $0 == first })
    }

    @Test("is never replaced when it is damaged", arguments: ["", "abc", "not a key\n"])
    func refusesDamaged(text: String) throws {
        let folder = try ScratchFolder()
        try folder.write(text, to: "phone")
        let file = PhoneKeyFile(path: folder.path + "/phone")
        #expect(throws: PhoneKeyError.malformed(path: file.path)) { try file.key(in: .live()) }
        let kept = FileManager.default.contents(atPath: file.path)
        #expect(kept == Data(text.utf8))
    }
}
