import Settings
import TestSupport
import Testing

/// Through `Settings.load`, since the parser itself is the target's own.
@Suite("environment files")
struct EnvironmentFileTests {
    private func region(_ text: String) throws -> String {
        let folder = try ScratchFolder()
        try folder.write(text, to: ".env")
        return try Settings.load(environment: [:], folder: folder.path).region
    }

    @Test(
        "reads the forms that people write",
        arguments: [
            "RINGBACK_REGION=DE", "export RINGBACK_REGION=DE", "  RINGBACK_REGION = DE  ",
            "RINGBACK_REGION='DE'", "RINGBACK_REGION=\"DE\"", "RINGBACK_REGION=DE # Germany",
            "# comment\n\nRINGBACK_REGION=DE\n", "RINGBACK_REGION=FR\nRINGBACK_REGION=DE",
            "RINGBACK_REGION=DE\r\n",
        ]
    )
    func reads(text: String) throws {
        #expect(try region(text) == "DE")
    }

    @Test("a hash inside quotes, or without a space before it, belongs to the value")
    func keepsHashes() throws {
        let folder = try ScratchFolder()
        try folder.write(
            "ELEVENLABS_API_KEY=sk#1\nELEVENLABS_WEBHOOK_SECRET='wsec # 2'\n",
            to: ".env"
        )
        let settings = try Settings.load(environment: [:], folder: folder.path)
        #expect(settings.upstream.apiKey == Secret("sk#1"))
        #expect(settings.webhook.secret == Secret("wsec # 2"))
    }

    @Test(
        "refuses what is no assignment and names the line",
        arguments: ["RINGBACK_REGION", "=DE", "A B=1", "X='open", "X=\"open"]
    )
    func refuses(line: String) {
        let error = #expect(throws: SettingsError.self) {
            try region("RINGBACK_REGION=DE\n\(line)\n")
        }
        #expect(error?.problems == [.malformedLine(file: ".env", line: 2)])
    }
}
