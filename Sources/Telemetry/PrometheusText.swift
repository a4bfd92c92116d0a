/// Renders metrics in Prometheus' text format, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The text of the families, in their order; families of one name must have been merged.
    package static func render(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families where !family.series.isEmpty {
            text += "# HELP \(family.name) \(escapedHelp(family.help))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for series in family.series {
                render(series, of: family.name, into: &text)
            }
        }
        return text
    }

    private static func render(
        _ series: MetricSeries,
        of name: String,
        into text: inout String
    ) {
        switch series.value {
        case .number(let number):
            text += "\(name)\(braced(series.labels)) \(format(number))\n"
        case .histogram(let histogram):
            var below = 0
            for (index, count) in histogram.counts.enumerated() {
                below += count
                let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
                let labels = series.labels + [MetricLabel(name: "le", value: format(bound))]
                text += "\(name)_bucket\(braced(labels)) \(below)\n"
            }
            text += "\(name)_sum\(braced(series.labels)) \(format(histogram.sum))\n"
            text += "\(name)_count\(braced(series.labels)) \(below)\n"
        }
    }

    private static func braced(_ labels: [MetricLabel]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\($0.name)=\"\(escapedValue($0.value))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    private static func escapedValue(_ text: String) -> String {
        escaped(text, quotes: true)
    }

    private static func escapedHelp(_ text: String) -> String {
        escaped(text, quotes: false)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        // By scalar, since a carriage return and a line feed are one character.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func format(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: number) { return String(whole) }
        return String(number)
    }
}
