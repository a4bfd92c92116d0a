import Foundation

/// The variables of a `.env` file.
///
/// A line is empty, a comment (`#`), or `NAME=value`, with `export` before it if one likes. A
/// value may stand in single quotes (taken as it is) or in double quotes (`\n`, `\"` and `\\` are
/// understood); without quotes it ends at the line's end or at ` #`.
enum EnvironmentFile {
    /// A file of settings that is longer is none.
    static let bytesMax = 256 * 1024

    /// The variables of a file in a folder; empty when there is no such file.
    static func variables(
        of name: String,
        in folder: String
    ) throws(SettingsError) -> [String: String] {
        let path = folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        let text: String
        do {
            text = try SettingsFile.text(atPath: path, bytesMax: bytesMax)
        } catch {
            throw SettingsError(problems: [.unreadableFile(name: name, reason: error.reason)])
        }
        return try parsed(text, file: name)
    }

    /// The variables of a file's text; the last of two lines with one name holds.
    static func parsed(_ text: String, file: String) throws(SettingsError) -> [String: String] {
        var variables: [String: String] = [:]
        var problems: [SettingProblem] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let content = line.trimmingPrefix(while: \.isWhitespace)
            if content.isEmpty || content.first == "#" { continue }
            guard let (name, value) = assignment(content) else {
                problems.append(.malformedLine(file: file, line: index + 1))
                continue
            }
            variables[name] = value
        }
        guard problems.isEmpty else { throw SettingsError(problems: problems) }
        return variables
    }

    private static func assignment(_ line: Substring) -> (String, String)? {
        var line = line
        if line.hasPrefix("export ") { line = line.dropFirst("export ".count) }
        guard let equals = line.firstIndex(of: "=") else { return nil }
        let name = trimmed(line[..<equals])
        guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else { return nil }
        guard let value = value(of: trimmed(line[line.index(after: equals)...])) else {
            return nil
        }
        return (name, value)
    }

    private static func value(of text: String) -> String? {
        switch text.first {
        case "'":
            guard let end = text.dropFirst().firstIndex(of: "'") else { return nil }
            return String(text[text.index(after: text.startIndex)..<end])
        case "\"":
            return unescaped(text.dropFirst())
        default:
            guard let comment = text.range(of: " #") else { return text }
            return trimmed(text[..<comment.lowerBound])
        }
    }

    private static func unescaped(_ text: Substring) -> String? {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return result
            } else {
                result.append(character)
            }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        text.trimmingCharacters(in: .whitespaces)
    }
}

/// A small text file that settings come from.
enum SettingsFile {
    struct Unreadable: Error {
        let reason: String
    }

    /// The text of a file, which must be UTF-8 and no longer than the limit.
    static func text(atPath path: String, bytesMax: Int) throws(Unreadable) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Unreadable(reason: String(cString: strerror(errno)))
        }
        let data: Data
        do {
            data = try handle.read(upToCount: bytesMax + 1) ?? Data()
            try handle.close()
        } catch {
            throw Unreadable(reason: error.localizedDescription)
        }
        guard data.count <= bytesMax else {
            throw Unreadable(reason: "it is longer than \(bytesMax) bytes")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw Unreadable(reason: "it is not UTF-8")
        }
        return text
    }
}
