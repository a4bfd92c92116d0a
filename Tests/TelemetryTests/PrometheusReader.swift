/// A strict reader of Prometheus' text format 0.0.4, which the tests hold our writer against.
struct PrometheusReader {
    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var types: [String: String] = [:]
    private(set) var helps: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Failure(description: "the last line does not end")
        }
        var family: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(
                separator: " ",
                maxSplits: 3,
                omittingEmptySubsequences: false
            ).map(String.init)
            if line.hasPrefix("# HELP ") {
                guard words.count == 4, helps[words[2]] == nil else {
                    throw Failure(description: "bad or second HELP: \(line)")
                }
                helps[words[2]] = words[3]
            } else if line.hasPrefix("# TYPE ") {
                guard words.count == 4, types[words[2]] == nil,
                    ["counter", "gauge", "histogram"].contains(words[3])
                else { throw Failure(description: "bad or second TYPE: \(line)") }
                types[words[2]] = words[3]
                family = words[2]
            } else {
                let sample = try Self.sample(line)
                guard let family, belongs(sample.name, to: family) else {
                    throw Failure(description: "a sample outside of its family: \(line)")
                }
                guard
                    !samples.contains(where: {
                        $0.name == sample.name && $0.labels == sample.labels
                    })
                else { throw Failure(description: "a series twice: \(line)") }
                samples.append(sample)
            }
        }
    }

    private func belongs(_ name: String, to family: String) -> Bool {
        guard types[family] == "histogram" else { return name == family }
        return ["_bucket", "_sum", "_count"].contains { name == family + $0 }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line[...]
        let name = rest.prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":")
        }
        guard let first = name.first, !first.isNumber else {
            throw Failure(description: "bad name: \(line)")
        }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                rest = rest.dropFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\"") else {
                    throw Failure(description: "bad label: \(line)")
                }
                rest = rest.dropFirst(2)
                let value = try quoted(&rest, line)
                guard labels.updateValue(value, forKey: String(label)) == nil else {
                    throw Failure(description: "a label twice: \(line)")
                }
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = number(String(rest.dropFirst())) else {
            throw Failure(description: "bad value: \(line)")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func quoted(_ rest: inout Substring, _ line: Substring) throws -> String {
        var value = ""
        while let character = rest.popFirst() {
            if character == "\"" { return value }
            guard character == "\\" else {
                value.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": value.append("\n")
            case "\\": value.append("\\")
            case "\"": value.append("\"")
            default: throw Failure(description: "bad escape: \(line)")
            }
        }
        throw Failure(description: "an open quote: \(line)")
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.allSatisfy { "0123456789+-.e".contains($0) } ? Double(text) : nil
        }
    }
}
