import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing
import WebAPI

@Suite("Scripts for pages of others")
struct PublicFileTests {
    private static let web = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../web").standardizedFileURL

    private static let names = [
        "call-report.js", "client.d.ts", "client.js", "react-hooks.d.ts", "react-hooks.js",
        "widget.js",
    ]

    private static func serve(
        _ files: PublicFiles,
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        try await WebFixture.serve(
            access: .token("a-long-admin-token"),
            site: PublicSite(files: files)
        ) { _, client in try await body(client) }
    }

    @Test("are all there, for every page, and change their tag with their bytes")
    func serves() async throws {
        let files = PublicFiles(try WebFiles.load(folder: Self.web.path))
        #expect(files.missing.isEmpty)
        try await Self.serve(files) { client in
            for name in Self.names {
                let bytes = try Data(contentsOf: Self.web.appending(path: "public/\(name)"))
                let response = try await client.execute(uri: "/\(name)", method: .get)
                #expect(response.status == .ok)
                #expect(Data(response.body.readableBytesView) == bytes)
                let type = response.headers[.contentType] ?? ""
                #expect(type.hasPrefix(name.hasSuffix(".js") ? "text/javascript" : "text/plain"))
                #expect(response.headers[.accessControlAllowOrigin] == "*")
                #expect(response.headers[.cacheControl] == "public, max-age=300")
                let tag = try #require(response.headers[.eTag])
                let again = try await client.execute(
                    uri: "/\(name)",
                    method: .get,
                    headers: [.ifNoneMatch: "\"other\", \(tag)"]
                )
                #expect(again.status == .notModified)
                #expect(again.body.readableBytes == 0)
                let head = try await client.execute(uri: "/\(name)", method: .head)
                #expect(head.status == .ok && head.body.readableBytes == 0)
            }
        }
    }

    @Test("are no way to other files")
    func servesNothingElse() async throws {
        try await Self.serve(PublicFiles(try WebFiles.load(folder: Self.web.path))) { client in
            for path in ["/public/client.js", "/client.js/..", "/../Package.swift", "/client.ts"] {
                let response = try await client.execute(uri: path, method: .get)
                #expect(response.status == .unauthorized, "\(path)")
            }
        }
    }

    @Test("that are missing are named, and answered with 404")
    func missing() async throws {
        let files = PublicFiles.none
        #expect(files.missing == Self.names)
        try await Self.serve(files) { client in
            let response = try await client.execute(uri: "/widget.js", method: .get)
            #expect(response.status == .notFound)
        }
    }
}
