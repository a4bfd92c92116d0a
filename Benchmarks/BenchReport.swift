import Foundation

/// One line of the report: medians, and the smallest and largest of the runs.
struct BenchRow: Codable, Sendable {
    /// What a ratio is held against.
    enum Aim: Sendable {
        case atLeast(Double)
        case atMost(Double)

        var bound: Double {
            switch self {
            case .atLeast(let bound), .atMost(let bound): bound
            }
        }

        var sign: String {
            switch self {
            case .atLeast: ">="
            case .atMost: "<="
            }
        }

        func isMet(by ratio: Double) -> Bool {
            switch self {
            case .atLeast(let bound): ratio >= bound
            case .atMost(let bound): ratio <= bound
            }
        }
    }

    struct Spread: Codable, Sendable {
        var min: Double
        var max: Double
    }

    var name: String
    var unit: String
    var ours: Double
    var limit: Double

    /// The median of the runs' own ratios, not the ratio of the medians.
    var ratio: Double

    /// `>= 0.35` or `<= 4`; nil for a row that only shows a trend.
    var aim: String?
    var met: Bool?

    var runs: Int
    var oursSpread: Spread
    var limitSpread: Spread
    var ratioSpread: Spread

    /// A row of the runs' measurements.
    init(_ name: String, unit: String, aim: Aim?, runs: [(ours: Double, limit: Double)]) {
        let ratios = runs.map { $0.ours / $0.limit }
        self.name = name
        self.unit = unit
        ours = Self.median(runs.map(\.ours))
        limit = Self.median(runs.map(\.limit))
        ratio = Self.median(ratios)
        self.aim = aim.map { "\($0.sign) \($0.bound.formatted())" }
        met = aim?.isMet(by: ratio)
        self.runs = runs.count
        oursSpread = Self.spread(runs.map(\.ours))
        limitSpread = Self.spread(runs.map(\.limit))
        ratioSpread = Self.spread(ratios)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    private static func spread(_ values: [Double]) -> Spread {
        Spread(min: values.min() ?? .nan, max: values.max() ?? .nan)
    }
}

/// What `ringback-bench` prints.
struct BenchReport: Codable, Sendable {
    var machine: String
    var rows: [BenchRow]

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// A table of plain text, as it stands in docs/performance.md.
    func table() -> String {
        let header = [
            "name", "unit", "ours", "limit", "ratio", "smallest", "largest", "aim", "met",
        ]
        let lines = rows.map { row in
            [
                row.name, row.unit, Self.number(row.ours), Self.number(row.limit),
                Self.number(row.ratio), Self.number(row.ratioSpread.min),
                Self.number(row.ratioSpread.max), row.aim ?? "-",
                row.met.map { $0 ? "yes" : "no" } ?? "-",
            ]
        }
        let widths = header.indices.map { column in
            ([header] + lines).map { $0[column].count }.max() ?? 0
        }
        let table = ([header] + lines).map { cells in
            zip(cells, widths)
                .map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
                .joined(separator: "  ")
        }
        return ([machine] + table).joined(separator: "\n")
    }

    private static func number(_ value: Double) -> String {
        value >= 1000
            ? String(Int(value.rounded())) : String(format: value >= 100 ? "%.0f" : "%.2f", value)
    }
}

/// The machine that the figures belong to.
enum BenchMachine {
    static var description: String {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return "\(model), \(cores) cores, \(ProcessInfo.processInfo.operatingSystemVersionString)"
    }

    private static var model: String {
        let text: String
        do {
            text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        } catch {
            return "unknown processor"
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        guard let value = line?.split(separator: ":", maxSplits: 1).last else {
            return "unknown processor"
        }
        return value.trimmingCharacters(in: .whitespaces)
    }
}
