import Foundation
import Yams

/// Why arguments are no JSON.
struct PayloadProblem: Error {
    /// From 1; nil when the node has no place in the file.
    var line: Int?
    var path: [String]
    var message: String
}

/// Turns the YAML of `args:` into JSON, keys sorted, so that equal arguments are equal bytes.
///
/// Unquoted scalars are read as YAML 1.2's core schema reads them: `true`, `null` and numbers are
/// those, and everything else is text, `yes` and dates included.
enum PayloadWriter {
    /// Deepest nesting.
    static let depthMax = 16

    /// Most values, so that aliases of aliases end.
    static let valuesMax = 10_000

    static func bytes(of node: Node) throws(PayloadProblem) -> [UInt8] {
        var text = ""
        var count = 0
        try append(node, to: &text, path: [], count: &count)
        return Array(text.utf8)
    }

    private static func append(
        _ node: Node,
        to text: inout String,
        path: [String],
        count: inout Int
    ) throws(PayloadProblem) {
        count += 1
        guard path.count <= depthMax, count <= valuesMax else {
            throw PayloadProblem(
                line: node.mark?.line,
                path: path,
                message: "is too deep or too large"
            )
        }
        switch node {
        case .scalar(let scalar):
            guard let json = json(of: scalar) else {
                throw PayloadProblem(line: node.mark?.line, path: path, message: "is no JSON value")
            }
            text += json
        case .sequence(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += "," }
                try append(item, to: &text, path: path + ["\(index)"], count: &count)
            }
            text += "]"
        case .mapping(let mapping):
            var members: [(String, Node)] = []
            for (key, value) in mapping {
                guard let name = key.text, name != "<<" else {
                    throw PayloadProblem(
                        line: key.mark?.line,
                        path: path,
                        message: "has a key that is no text"
                    )
                }
                members.append((name, value))
            }
            text += "{"
            for (index, (name, value)) in members.sorted(by: { $0.0 < $1.0 }).enumerated() {
                text += (index > 0 ? "," : "") + quoted(name) + ":"
                try append(value, to: &text, path: path + [name], count: &count)
            }
            text += "}"
        case .alias:
            throw PayloadProblem(
                line: node.mark?.line,
                path: path,
                message: "is an alias without a value"
            )
        }
    }

    private static func json(of scalar: Node.Scalar) -> String? {
        guard scalar.style == .plain else { return quoted(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return "null"
        case "true", "True", "TRUE": return "true"
        case "false", "False", "FALSE": return "false"
        default: break
        }
        if let integer = Int64(scalar.string) { return String(integer) }
        let looksNumeric = scalar.string.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) }
        if looksNumeric, let number = Double(scalar.string) {
            return number.isFinite ? "\(number)" : nil
        }
        return quoted(scalar.string)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
