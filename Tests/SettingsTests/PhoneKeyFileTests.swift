import Ambient
import Foundation
import Settings
import TestSupport
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

@Suite("rotation of the phone key")
struct PhoneKeyRotationTests {
    @Test("puts a new key in force, keeps the earlier ones, and forgets what is named")
    func rotates() throws {
        let folder = try ScratchFolder()
        let file = PhoneKeyFile(path: folder.path + "/keys/phone")
        let first = try file.key(in: .live())
        let second = try file.rotate(in: .live())
        #expect(second.count == 2)
        #expect(second.last == first)
        #expect(second.first != first)
        #expect(try file.key(in: .live()) == second.first)
        let third = try file.rotate(in: .live())
        #expect(Array(third.dropFirst()) == second)
        #expect(try file.keys() == third)
        // The one in force stays, whatever is named.
        #expect(try file.forget(third, in: .live()) == Array(third.prefix(1)))
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("has an end, and leaves the file as it was then")
    func full() throws {
        let folder = try ScratchFolder()
        let file = PhoneKeyFile(path: folder.path + "/phone")
        _ = try file.key(in: .live())
        for _ in 1..<PhoneKeyFile.keysMax { _ = try file.rotate(in: .live()) }
        let keys = try file.keys()
        #expect(throws: PhoneKeyError.full(path: file.path)) { _ = try file.rotate(in: .live()) }
        #expect(try file.keys() == keys)
    }

    @Test("never loses a key when two rotate at once")
    func twoAtOnce() async throws {
        let folder = try ScratchFolder()
        let file = PhoneKeyFile(path: folder.path + "/phone")
        _ = try file.key(in: .live())
        let made = await withTaskGroup(of: Secret?.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    do {
                        return try file.rotate(in: .live()).first
                    } catch {
                        return nil
                    }
                }
            }
            return await group.reduce(into: [Secret]()) { found, key in
                if let key { found.append(key) }
            }
        }
        let kept = try file.keys() ?? []
        #expect(!made.isEmpty)
        #expect(kept.count == made.count + 1)
        #expect(made.allSatisfy(kept.contains))
    }
}
