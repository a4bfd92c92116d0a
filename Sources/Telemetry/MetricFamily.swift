/// One metric with all its series, as a value that can be rendered.
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable, Equatable {
        case counter
        case gauge
        case histogram
    }

    /// Letters, digits and `_`; with its unit at the end, and `_total` behind that for a counter.
    package let name: String
    package let help: String
    package let kind: Kind
    package var series: [MetricSeries]

    package init(name: String, help: String, kind: Kind, series: [MetricSeries]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.series = series
    }
}

/// One series of a metric: its labels, and its value now.
package struct MetricSeries: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        /// Of a counter or a gauge.
        case number(Double)
        case histogram(HistogramValue)
    }

    package let labels: [MetricLabel]
    package let value: Value

    package init(labels: [MetricLabel] = [], value: Value) {
        self.labels = labels
        self.value = value
    }

    /// A series of a counter or a gauge.
    package init(_ number: some BinaryInteger, _ labels: (String, String)...) {
        self.labels = labels.map { MetricLabel(name: $0.0, value: $0.1) }
        self.value = .number(Double(number))
    }

    /// A series of a counter or a gauge.
    package init(_ number: Double, _ labels: (String, String)...) {
        self.labels = labels.map { MetricLabel(name: $0.0, value: $0.1) }
        self.value = .number(number)
    }
}

/// One label of a series.
package struct MetricLabel: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What a histogram has counted.
package struct HistogramValue: Sendable, Equatable {
    /// Upper bounds of the buckets, rising; the last one, infinity, is implied.
    package let bounds: [Double]

    /// How many observations fell into each bucket alone; one more than there are bounds.
    package var counts: [Int]
    package var sum: Double

    package init(bounds: [Double]) {
        self.bounds = bounds
        self.counts = Array(repeating: 0, count: bounds.count + 1)
        self.sum = 0
    }

    package mutating func observe(_ value: Double) {
        // Linear: there are under twenty bounds, and most observations are small.
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[bucket] += 1
        sum += value
    }
}
