import Foundation
import Hummingbird

/// What a browser's form sends with a file: `multipart/form-data`, RFC 7578.
struct MultipartForm: Sendable {
    /// The numbers of a form, beside the bytes of its body.
    enum Limits {
        /// More fields than any form of ours has.
        static let partsMax = 32

        /// A part's own headers: its name, its file's name and its type.
        static let headBytesMax = 4_096

        /// A field that is no file.
        static let fieldBytesMax = 1_024

        /// What stands between the parts of a form, beside what they hold.
        static let frameBytesMax = 65_536

        /// RFC 2046.
        static let boundaryBytes = 1...70
    }

    static let contentType = "multipart/form-data"

    private struct Part {
        let name: String
        let bytes: ArraySlice<UInt8>
    }

    private let parts: [Part]

    /// Whether a request says that it is a form.
    static func isSent(with request: Request) -> Bool {
        let type = request.headers[.contentType]?.prefix { $0 != ";" } ?? ""
        return type.trimmingCharacters(in: .whitespaces).lowercased() == contentType
    }

    /// - Parameters:
    ///   - bytes: The body, which the caller has bounded.
    ///   - request: Whose header names what stands between the parts.
    /// - Throws: `badRequest` for what is no form.
    init(_ bytes: [UInt8], of request: Request) throws(APIError) {
        let type = request.headers[.contentType] ?? ""
        guard let boundary = Self.parameter("boundary", of: type),
            Limits.boundaryBytes.contains(boundary.utf8.count)
        else { throw Self.broken("its type names no boundary") }
        let line = Array("--\(boundary)".utf8)
        let between = [0x0D, 0x0A] + line
        var found: [Part] = []
        guard bytes.starts(with: line) else { throw Self.broken("it does not begin with a part") }
        var place = line.count
        while !bytes[place...].starts(with: Array("--".utf8)) {
            guard found.count < Limits.partsMax else {
                throw Self.broken("it has more than \(Limits.partsMax) parts")
            }
            guard bytes[place...].starts(with: [0x0D, 0x0A]) else {
                throw Self.broken("a part does not begin with a line of its own")
            }
            let head = bytes[place...].prefix(Limits.headBytesMax)
            guard let headEnd = Self.first(Array("\r\n\r\n".utf8), in: head) else {
                throw Self.broken("a part's head does not end")
            }
            let start = headEnd + 4
            // An empty part's end may share the line's end with its head.
            guard let end = Self.first(between, in: bytes[(start - 2)...]) else {
                throw Self.broken("its last part does not end")
            }
            found.append(
                Part(
                    name: try Self.name(head[place..<headEnd]),
                    bytes: bytes[min(start, end)..<end]
                )
            )
            place = end + between.count
        }
        parts = found
    }

    /// The bytes of a part that is there once.
    func file(_ name: String) throws(APIError) -> [UInt8] {
        let named = parts.filter { $0.name == name }
        guard named.count == 1, let part = named.first else {
            throw APIError(.badRequest, "The form needs one file named \(name).")
        }
        return Array(part.bytes)
    }

    /// The parts that are no file, as a query's values.
    func fields(without file: String) throws(APIError) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        for part in parts where part.name != file {
            guard part.bytes.count <= Limits.fieldBytesMax,
                let value = String(bytes: part.bytes, encoding: .utf8)
            else { throw APIError(.badRequest, "\(part.name) is no text of its field.") }
            fields.append((part.name, value))
        }
        return fields
    }

    // MARK: Reading

    private static func broken(_ reason: String) -> APIError {
        APIError(.badRequest, "The form cannot be read: \(reason).")
    }

    private static func name(_ head: ArraySlice<UInt8>) throws(APIError) -> String {
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let disposition = lines.first { $0.lowercased().hasPrefix("content-disposition:") }
        guard let disposition, let name = parameter("name", of: disposition), !name.isEmpty else {
            throw broken("a part has no name")
        }
        return name
    }

    /// A parameter of a header, bare or between quotation marks; the first of its name.
    private static func parameter(_ name: String, of header: String) -> String? {
        for part in header.split(separator: ";").dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2,
                sides[0].trimmingCharacters(in: .whitespaces).lowercased() == name
            else { continue }
            let value = sides[1].trimmingCharacters(in: .whitespaces)
            let isQuoted = value.count > 1 && value.hasPrefix("\"") && value.hasSuffix("\"")
            return isQuoted ? String(value.dropFirst().dropLast()) : value
        }
        return nil
    }

    /// Where some bytes begin.
    private static func first(_ wanted: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var rest = bytes
        while let place = rest.firstIndex(of: wanted[0]) {
            if bytes[place...].starts(with: wanted) { return place }
            rest = bytes[(place + 1)...]
        }
        return nil
    }
}
