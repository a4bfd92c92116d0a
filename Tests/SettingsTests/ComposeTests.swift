import Foundation
import Settings
import Testing

@Suite("The containers and the settings")
struct ComposeTests {
    private static func text(_ name: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: name), encoding: .utf8)
    }

    /// Names that the services of docker-compose.yml are given.
    private static func composed() throws -> Set<String> {
        let found = try text("docker-compose.yml").matches(of: /(?m)^ +([A-Z][A-Z0-9_]+):/)
        return Set(found.map { String($0.1) })
    }

    @Test("every setting is passed on, comes as a file, or is fixed by the image")
    func passesOn() throws {
        let (composed, image) = (try Self.composed(), try Self.text("Dockerfile"))
        let missing = SettingName.allCases.map(\.rawValue).filter { name in
            !composed.contains(name) && !composed.contains("\(name)_FILE")
                && !image.contains(" \(name)=")
        }
        #expect(missing.isEmpty)
    }

    @Test("nothing is passed on that is no setting")
    func knowsAll() throws {
        let known = SettingName.allCases.flatMap { [$0.rawValue, "\($0.rawValue)_FILE"] }
        #expect(try Self.composed().subtracting(known).isEmpty)
    }
}
