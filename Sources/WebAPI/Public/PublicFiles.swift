import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The scripts that pages of others load: the widget, the client and the hooks.
///
/// What else lies in their folder is not served.
package struct PublicFiles: Sendable {
    /// One file as it is answered.
    struct File: Sendable {
        let bytes: ByteBuffer

        /// Changes with the bytes.
        let entityTag: String
    }

    static let names = [
        "call-report.js", "client.d.ts", "client.js", "react-hooks.d.ts", "react-hooks.js",
        "widget.js",
    ]

    /// Where each of them stands.
    static let paths = Set(names.map { "/" + $0 })

    /// Without any file.
    package static let none = PublicFiles(files: [:])

    /// By name; one that could not be read is not there.
    let files: [String: File]

    /// Takes them from `public/` of what browsers load.
    package init(_ web: WebFiles) {
        var files: [String: File] = [:]
        for name in Self.names {
            guard let bytes = web.assets["public/\(name)"]?.bytes else { continue }
            let digest = SHA256.hash(data: Data(bytes.readableBytesView)).prefix(12)
            let digits = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            files[name] = File(bytes: bytes, entityTag: "\"\(digits.joined())\"")
        }
        self.files = files
    }

    private init(files: [String: File]) {
        self.files = files
    }

    /// The names of files that could not be read.
    package var missing: [String] { Self.names.filter { files[$0] == nil } }
}

/// Answers requests for the scripts, from any page.
struct PublicFileRoutes: RouteGroup {
    /// How long a page may use a script without asking: a new version is there within minutes.
    private static let cacheControl = "public, max-age=300"

    let files: PublicFiles

    func add(to router: Router<WebContext>) {
        for name in PublicFiles.names {
            router.get(RouterPath("/" + name)) { request, _ in try answer(name, request) }
            router.head(RouterPath("/" + name)) { request, _ in try answer(name, request) }
        }
        // Nothing here is for search engines.
        router.get("/robots.txt") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "User-agent: *\nDisallow: /\n"))
            )
        }
    }

    private func answer(_ name: String, _ request: Request) throws -> Response {
        guard let file = files.files[name] else {
            throw APIError(.notFound, "This file is missing on the server.")
        }
        var headers: HTTPFields = [
            .cacheControl: Self.cacheControl,
            .eTag: file.entityTag,
            .accessControlAllowOrigin: "*",
        ]
        if let field = HTTPField.Name("cross-origin-resource-policy") {
            headers[field] = "cross-origin"
        }
        let known = request.headers[.ifNoneMatch]?.split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }
        if known?.contains(where: { $0 == file.entityTag || $0 == "*" }) == true {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] =
            name.hasSuffix(".js") ? "text/javascript; charset=utf-8" : "text/plain; charset=utf-8"
        guard request.method != .head else {
            headers[.contentLength] = "\(file.bytes.readableBytes)"
            return Response(status: .ok, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
    }
}
