package import CoreMetrics
import Synchronization

/// Keeps every metric of a process: the backend of swift-metrics.
///
/// A counter's name gets `_total` and a timer's `_seconds` at its end unless it is there. Making
/// the same metric twice gives the same series. What a label can hold is bounded: beyond
/// `seriesMax` combinations of a metric all further ones share the series `overflow="true"`.
package final class MetricsRegistry: MetricsFactory {
    /// Label combinations of one metric.
    package static let seriesMax = 200

    /// Upper bounds of timers, in seconds: from a lone round trip to the longest attempt.
    package static let secondsBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]

    /// Upper bounds of counts and sizes.
    package static let amountBounds: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000, 10_000_000,
    ]

    private enum Cell {
        case counter(CounterCell)
        case floatingCounter(FloatingCounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)

        var kind: MetricFamily.Kind {
            switch self {
            case .counter, .floatingCounter: .counter
            case .gauge: .gauge
            case .histogram: .histogram
            }
        }

        var value: MetricSeries.Value {
            switch self {
            case .counter(let cell): .number(cell.value)
            case .floatingCounter(let cell): .number(cell.value)
            case .gauge(let cell): .number(cell.value)
            case .histogram(let cell): .histogram(cell.value)
            }
        }
    }

    private struct State {
        var cells: [String: [[MetricLabel]: Cell]] = [:]
        var helps: [String: String] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Says what metrics mean, by name; a metric that nobody described is named in plain words.
    package func describe(_ helps: [String: String]) {
        state.withLock { $0.helps.merge(helps) { _, new in new } }
    }

    /// Every metric that has a series, by name.
    package func families() -> [MetricFamily] {
        state.withLock { state in
            state.cells.sorted { $0.key < $1.key }.compactMap { name, cells in
                guard let kind = cells.first?.value.kind else { return nil }
                let series = cells.map { MetricSeries(labels: $0.key, value: $0.value.value) }
                return MetricFamily(
                    name: name,
                    help: state.helps[name] ?? Self.words(of: name),
                    kind: kind,
                    series: series.sorted { Self.order(of: $0) < Self.order(of: $1) }
                )
            }
        }
    }

    private static func order(of series: MetricSeries) -> String {
        series.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }

    private static func words(of name: String) -> String {
        name.split(separator: "_").joined(separator: " ")
    }

    // MARK: MetricsFactory

    package func makeCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any CounterHandler {
        let cell = cell(Self.name(label, unit: "_total"), dimensions) {
            .counter(CounterCell())
        }
        guard case .counter(let counter) = cell else { return CounterCell() }
        return counter
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let cell = cell(Self.name(label, unit: "_total"), dimensions) {
            .floatingCounter(FloatingCounterCell())
        }
        guard case .floatingCounter(let counter) = cell else { return FloatingCounterCell() }
        return counter
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let cell = cell(Self.name(label, unit: ""), dimensions) { .gauge(GaugeCell()) }
        guard case .gauge(let gauge) = cell else { return GaugeCell() }
        return gauge
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        let cell = cell(Self.name(label, unit: ""), dimensions) {
            aggregate
                ? .histogram(HistogramCell(bounds: Self.amountBounds)) : .gauge(GaugeCell())
        }
        switch cell {
        case .gauge(let gauge) where !aggregate: return gauge
        case .histogram(let histogram) where aggregate: return histogram
        case .counter, .floatingCounter, .gauge, .histogram: return GaugeCell()
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let cell = cell(Self.name(label, unit: "_seconds"), dimensions) {
            .histogram(HistogramCell(bounds: Self.secondsBounds))
        }
        guard case .histogram(let histogram) = cell else {
            return HistogramCell(bounds: Self.secondsBounds)
        }
        return histogram
    }

    // A series outlives its handle: a counter that went back would look like a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The cell of a series; one of another kind under the same name is given as it is, and the
    /// caller then counts into nothing.
    private func cell(
        _ name: String,
        _ dimensions: [(String, String)],
        make: () -> Cell
    ) -> Cell {
        let labels = dimensions.map { key, value in
            MetricLabel(name: Self.sanitized(key, allowsColon: false), value: value)
        }.sorted { $0.name < $1.name }
        return state.withLock { state in
            let known = state.cells[name, default: [:]]
            if let cell = known[labels] { return cell }
            let new = make()
            if let first = known.first?.value, first.kind != new.kind { return first }
            let overflow = [MetricLabel(name: "overflow", value: "true")]
            let isFull = known.count >= Self.seriesMax
            if isFull, let cell = known[overflow] { return cell }
            state.cells[name, default: [:]][isFull ? overflow : labels] = new
            return new
        }
    }

    private static func name(_ label: String, unit: String) -> String {
        let name = sanitized(label, allowsColon: true)
        return name.hasSuffix(unit) ? name : name + unit
    }

    /// Only what Prometheus allows in a name.
    private static func sanitized(_ text: String, allowsColon: Bool) -> String {
        var bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                byte
            case UInt8(ascii: ":") where allowsColon: byte
            default: UInt8(ascii: "_")
            }
        }
        if let first = bytes.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
            bytes.insert(UInt8(ascii: "_"), at: 0)
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}
