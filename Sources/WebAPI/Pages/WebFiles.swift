import Crypto
import Foundation
import Mustache
import NIOCore

/// Why the dashboard's files cannot be used, as one line for the operator.
package struct WebFilesError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The dashboard's templates, and the files that browsers fetch; read once, at start.
package struct WebFiles: Sendable {
    struct Asset: Sendable {
        let bytes: ByteBuffer
        let type: String
    }

    /// Where Debian's `libjs-chart.js` puts the charts' code.
    package static let chartPath = "/usr/share/javascript/chart.js/chart.min.js"

    let templates: MustacheLibrary

    /// By the path below `/assets/<digest>/`.
    let assets: [String: Asset]

    /// Names this set of files: an address with it never changes its content.
    let digest: String

    /// Reads a folder with `templates/`, and whatever else it holds as assets.
    ///
    /// Without the charts' code the pages show tables.
    ///
    /// - Throws: `WebFilesError` that names the file and, of a template, the line.
    package static func load(
        folder: String,
        chart: String = chartPath
    ) throws(WebFilesError) -> WebFiles {
        let names = try files(in: folder)
        var templates: [String: MustacheTemplate] = [:]
        var assets: [String: Asset] = [:]
        for name in names {
            if name.hasPrefix("templates/") {
                guard name.hasSuffix(".mustache") else { continue }
                let key = String(name.dropFirst("templates/".count).dropLast(".mustache".count))
                templates[key] = try template("\(folder)/\(name)")
            } else if let type = types[(name as NSString).pathExtension] {
                assets[name] = Asset(
                    bytes: ByteBuffer(bytes: try data("\(folder)/\(name)")),
                    type: type
                )
            }
        }
        for name in required where templates[name] == nil {
            throw WebFilesError(
                description: "RINGBACK_WEB: \(folder)/templates/\(name).mustache is missing"
            )
        }
        if FileManager.default.isReadableFile(atPath: chart) {
            assets["chart.js"] = Asset(
                bytes: ByteBuffer(bytes: try data(chart)),
                type: "text/javascript; charset=utf-8"
            )
        }
        return WebFiles(
            templates: MustacheLibrary(templates: templates),
            assets: assets,
            digest: digest(of: assets)
        )
    }

    /// Templates that the pages name.
    static var required: [String] { ["layout", "error"] + PageTemplate.allCases.map(\.rawValue) }

    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "ts": "text/plain; charset=utf-8",
    ]

    private static func files(in folder: String) throws(WebFilesError) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: folder) else {
            throw WebFilesError(description: "RINGBACK_WEB: \(folder) is no folder")
        }
        var names: [String] = []
        while let name = walk.nextObject() as? String {
            guard names.count < WebLimits.webFilesMax else {
                throw WebFilesError(description: "RINGBACK_WEB: \(folder) holds too many files")
            }
            names.append(name)
        }
        guard names.contains(where: { $0.hasPrefix("templates/") }) else {
            throw WebFilesError(
                description: "RINGBACK_WEB: \(folder) has no templates/, for example "
                    + "RINGBACK_WEB=web/ in the project's folder"
            )
        }
        return names.sorted()
    }

    private static func data(_ path: String) throws(WebFilesError) -> Data {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            guard data.count <= WebLimits.webFileBytesMax else {
                throw WebFilesError(description: "RINGBACK_WEB: \(path) is too large")
            }
            return data
        } catch let error as WebFilesError {
            throw error
        } catch {
            throw WebFilesError(description: "RINGBACK_WEB: \(path) cannot be read")
        }
    }

    private static func template(_ path: String) throws(WebFilesError) -> MustacheTemplate {
        let text = String(decoding: try data(path), as: UTF8.self)
        do {
            return try MustacheTemplate(string: text)
        } catch let error as MustacheTemplate.ParserError {
            throw WebFilesError(
                description: "RINGBACK_WEB: \(path), line \(error.context.lineNumber): "
                    + "\(error.error)"
            )
        } catch {
            throw WebFilesError(description: "RINGBACK_WEB: \(path): \(error)")
        }
    }

    private static func digest(of assets: [String: Asset]) -> String {
        var hash = SHA256()
        for (name, asset) in assets.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Data("\(name)\n\(asset.bytes.readableBytes)\n".utf8))
            hash.update(data: Data(asset.bytes.readableBytesView))
        }
        // 48 bits tell the few versions apart that a browser ever holds.
        return hash.finalize().prefix(6).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        .joined()
    }
}
