import CallStore
import Foundation
import TestSupport
import Testing
import WebAPI

/// The description of the API, put to the test by a fuzzer that knows nothing but it.
@Suite struct FuzzTests {
    /// Inputs for each operation and each way of making them.
    private static let examples = 5

    private static let checks = [
        "not_a_server_error", "status_code_conformance", "content_type_conformance",
        "response_headers_conformance", "response_schema_conformance",
    ]

    @Test("no input leads to an undocumented status, a failure, or an answer of another shape")
    func fuzzed() async throws {
        let fixture = try await WebFixture()
        try await fixture.record(.heard("conv_1"))
        _ = try await fixture.store.write { writer in
            try writer.add(NewCampaign(name: "Spring", channel: .mail))
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../..").standardizedFileURL.path
        try await fixture.listen { port in
            // What it found stands in its output, which a failure shows when it is an error's.
            try await OtherProgram.run(
                [
                    "sh", "-c", "exec \"$0\" \"$@\" >&2",
                    root + "/.build/python/bin/schemathesis", "run",
                    "http://127.0.0.1:\(port)/openapi.json",
                    "--exclude-path", "/api/v1/live",  // It never ends.
                    "--checks", Self.checks.joined(separator: ","),
                    "--phases", "examples,coverage,fuzzing",
                    "--max-examples", String(Self.examples), "--seed", "1",
                    "--generation-database", "none", "--continue-on-failure",
                    "--warnings", "off", "--no-color", "--no-shrink",
                ],
                in: fixture.folder.path
            )
        }
        try fixture.close()
    }
}
