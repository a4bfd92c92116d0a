import Foundation
import TestSupport
import Testing

@Suite("The scripts themselves")
struct ScriptTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..").standardizedFileURL.path

    @Test(
        "the client, the React hooks and their declarations hold what their tests say",
        arguments: ["client.test.mjs", "react-hooks.test.mjs", "declarations.test.mjs"]
    )
    func modules(name: String) async throws {
        let said = try await OtherProgram.run(
            ["node", "--test", "--test-reporter=tap", "Tests/Pages/\(name)"],
            in: Self.root
        )
        let text = String(decoding: said, as: UTF8.self)
        #expect(text.contains("\n# fail 0\n") && !text.contains("\n# pass 0\n"))
    }

    @Test("the widget works on pages in a real browser")
    func widget() async throws {
        let said = try await OtherProgram.run(
            [".build/python/bin/python", "Tests/Pages/widget.py"],
            in: Self.root
        )
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
        #expect(lines.count > 20 && lines.allSatisfy { $0.hasPrefix("ok ") })
    }
}
