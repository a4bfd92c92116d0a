package import Foundation
import Yams

/// Reads rules, strictly: what is not understood refuses the whole file.
package enum RulesFile {
    /// The ending of a file in the text form; every other file is YAML.
    package static let textSuffix = ".rules"

    /// Reads the text of a rules file.
    ///
    /// - Parameters:
    ///   - text: The content.
    ///   - file: The name that an error gives; its ending tells the form.
    ///   - lexicon: The word lists to read the rules with.
    /// - Returns: All rules of the file.
    /// - Throws: `RulesFileError`, naming for each broken rule the line, the field and the reason.
    package static func parse(
        _ text: String,
        file: String,
        lexicon: Lexicon = .shipped
    ) throws(RulesFileError) -> RuleSet {
        let url = URL(filePath: file)
        let form: RuleSet.Form = file.hasSuffix(textSuffix) ? .text : .yaml
        let name = url.deletingPathExtension().lastPathComponent
        return try parse(text, name: name, form: form, file: file, lexicon: lexicon)
    }

    /// Reads rules that were stored.
    ///
    /// - Throws: `RulesFileError` as for a file.
    package static func parse(
        _ text: String,
        name: String,
        form: RuleSet.Form,
        file: String,
        lexicon: Lexicon
    ) throws(RulesFileError) -> RuleSet {
        var problems: [RulesFileError.Problem] = []
        var rules: [Rule] = []
        do {
            let tree: RulesTree =
                switch form {
                case .yaml: .yaml(try document(text))
                case .text: try RulesText.tree(text)
                }
            let root = RulesNode(tree: tree, path: "")
            var reader = RuleReader()
            let fields = try root.fields(allowed: ["rules"])
            for item in try fields.required("rules").items(max: RulesLimits.rulesMax) {
                do {
                    try reader.read(item)
                } catch {
                    problems.append(error)
                }
            }
            // What a broken rule is referred to by would only hide what is wrong with it.
            if problems.isEmpty { rules = try reader.rules(lexicon: lexicon) }
        } catch {
            problems.append(error)
        }
        guard problems.isEmpty else { throw RulesFileError(file: file, problems: problems) }
        return RuleSet(name: name, rules: rules, source: text, form: form, lexicon: lexicon)
    }

    /// Reads a rules file; blocks for as long as the disk takes for at most 256 KiB.
    package static func load(_ url: URL) throws(RulesFileError) -> RuleSet {
        let name = url.path(percentEncoded: false)
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: url)
            defer { handle.closeFile() }
            data = try handle.read(upToCount: RulesLimits.fileBytesMax + 1) ?? Data()
        } catch {
            let reason = "cannot be read: \(error.localizedDescription)"
            let problem = RulesFileError.Problem(line: nil, field: "", reason: reason)
            throw RulesFileError(file: name, problems: [problem])
        }
        guard data.count <= RulesLimits.fileBytesMax else {
            let reason = "is larger than \(RulesLimits.fileBytesMax) bytes"
            let problem = RulesFileError.Problem(line: nil, field: "", reason: reason)
            throw RulesFileError(file: name, problems: [problem])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            let problem = RulesFileError.Problem(line: nil, field: "", reason: "is not UTF-8")
            throw RulesFileError(file: name, problems: [problem])
        }
        return try parse(text, file: name)
    }

    private static func document(_ text: String) throws(RulesFileError.Problem) -> Node {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw RulesFileError.Problem(line: 1, field: "", reason: "the file is empty")
            }
            return node
        } catch let problem as RulesFileError.Problem {
            throw problem
        } catch {
            throw Self.problem(of: error)
        }
    }

    private static func problem(of error: any Error) -> RulesFileError.Problem {
        var problem = RulesFileError.Problem(line: nil, field: "", reason: "is no YAML: \(error)")
        switch error as? YamlError {
        case .scanner(_, let reason, let mark, _), .parser(_, let reason, let mark, _),
            .composer(_, let reason, let mark, _):
            problem.line = mark.line
            problem.reason = "is no YAML: \(reason)"
        case .duplicatedKeysInMapping(let keys, let context):
            problem.line = context.mark.line
            problem.reason = "\(RulesNode.listed(keys)) stands twice"
        case .reader(let reason, _, _, _):
            problem.reason = "is no YAML: \(reason)"
        default:
            break
        }
        return problem
    }
}
