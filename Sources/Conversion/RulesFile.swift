package import Foundation
import Yams

/// Reads rules from a YAML text, strictly: what is not understood refuses the whole file.
package enum RulesFile {
    /// Reads the text of a rules file.
    ///
    /// - Parameters:
    ///   - text: The content.
    ///   - file: The name that an error gives.
    /// - Returns: All rules of the file.
    /// - Throws: `RulesFileError`, naming for each broken rule the line, the field and the reason.
    package static func parse(_ text: String, file: String) throws(RulesFileError) -> RuleSet {
        let root: RulesNode
        do {
            root = RulesNode(node: try document(text), path: "")
        } catch {
            throw RulesFileError(file: file, problems: [error])
        }
        var problems: [RulesFileError.Problem] = []
        var reader = RuleReader()
        do {
            let fields = try root.fields(allowed: ["rules"])
            for item in try fields.required("rules").items(max: RulesLimits.rulesMax) {
                do {
                    try reader.read(item)
                } catch {
                    problems.append(error)
                }
            }
        } catch {
            problems.append(error)
        }
        guard problems.isEmpty else { throw RulesFileError(file: file, problems: problems) }
        let name = URL(filePath: file).deletingPathExtension().lastPathComponent
        return RuleSet(name: name, rules: reader.rules)
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

/// Reads one rule after the other and keeps what the later ones may refer to.
private struct RuleReader {
    var rules: [Rule] = []

    /// Types that somebody's `unless` looked at: no later rule may add to them.
    private var closedTypes: Set<String> = []

    mutating func read(_ node: RulesNode) throws(RulesFileError.Problem) {
        let names = ["id", "type", "value", "currency", "unless", "when"]
        let fields = try node.fields(allowed: names)
        let idField = try fields.required("id")
        let id = try idField.name()
        guard !rules.contains(where: { $0.id == id }) else {
            throw idField.problem("another rule has this id")
        }
        let typeField = try fields.required("type")
        let type = try typeField.name()
        guard !closedTypes.contains(type) else {
            throw typeField.problem("all rules of a type must stand before its use in unless")
        }
        let (value, currency) = try money(fields)
        let unless = try unless(fields["unless"], type: type)
        var reader = ConditionReader()
        let condition = try reader.condition(try fields.required("when"))
        closedTypes.formUnion(unless)
        rules.append(
            Rule(
                id: id,
                type: type,
                value: value,
                currency: currency,
                unless: unless,
                unlessVersions: rules.filter { unless.contains($0.type) }.map(\.version),
                condition: condition
            )
        )
    }

    private func unless(
        _ node: RulesNode?,
        type: String
    ) throws(RulesFileError.Problem) -> [String] {
        guard let node else { return [] }
        var types: [String] = []
        for item in try node.items(max: RulesLimits.rulesMax) {
            let name = try item.name()
            guard name != type, rules.contains(where: { $0.type == name }) else {
                throw item.problem("must be the type of a rule above")
            }
            guard !types.contains(name) else { throw item.problem("stands twice") }
            types.append(name)
        }
        return types
    }

    private func money(
        _ fields: RulesNode.Fields
    ) throws(RulesFileError.Problem) -> (Decimal?, String?) {
        guard let field = fields["value"] else {
            if let currency = fields["currency"] { throw currency.problem("goes with value") }
            return (nil, nil)
        }
        let isAmount =
            field.plain?.wholeMatch(of: /[0-9]{1,12}(\.[0-9]{1,4})?/) != nil
        guard isAmount, let text = field.plain, let value = Decimal(string: text) else {
            throw field.problem("must be an amount such as 80 or 79.90")
        }
        let currency = try fields.required("currency")
        guard let code = currency.plain, code.wholeMatch(of: /[A-Z]{3}/) != nil else {
            throw currency.problem("must be a currency of ISO 4217, such as EUR")
        }
        return (value, code)
    }
}
