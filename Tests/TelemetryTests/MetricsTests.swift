import CoreMetrics
import Telemetry
import TestSupport
import Testing

@Suite("metrics")
struct MetricsTests {
    private func read(_ registry: MetricsRegistry) throws -> PrometheusReader {
        try PrometheusReader(PrometheusText.render(registry.families()))
    }

    @Test("counters count, under a name that ends in _total")
    func counters() throws {
        let registry = MetricsRegistry()
        registry.describe(["jobs_total": "Jobs that ended."])
        let done = Counter(label: "jobs", dimensions: [("outcome", "done")], factory: registry)
        let again = Counter(
            label: "jobs_total",
            dimensions: [("outcome", "done")],
            factory: registry
        )
        let dead = Counter(label: "jobs", dimensions: [("outcome", "dead")], factory: registry)
        done.increment(by: 2)
        again.increment()
        dead.increment()
        let text = try read(registry)
        #expect(text.types == ["jobs_total": "counter"])
        #expect(text.helps == ["jobs_total": "Jobs that ended."])
        #expect(text.value("jobs_total", ["outcome": "done"]) == 3)
        #expect(text.value("jobs_total", ["outcome": "dead"]) == 1)
        #expect(text.samples.count == 2)
    }

    @Test("timers are histograms in seconds, cumulative, with a sum and a count")
    func timers() throws {
        let registry = MetricsRegistry()
        let timer = Timer(label: "run", factory: registry)
        for nanoseconds in [500_000, 1_000_000, 40_000_000, 2_000_000_000] as [Int64] {
            timer.recordNanoseconds(nanoseconds)
        }
        timer.recordNanoseconds(1_000_000_000_000)
        let text = try read(registry)
        #expect(text.types == ["run_seconds": "histogram"])
        #expect(text.value("run_seconds_bucket", ["le": "0.001"]) == 2)
        #expect(text.value("run_seconds_bucket", ["le": "0.025"]) == 2)
        #expect(text.value("run_seconds_bucket", ["le": "0.05"]) == 3)
        #expect(text.value("run_seconds_bucket", ["le": "2.5"]) == 4)
        #expect(text.value("run_seconds_bucket", ["le": "300"]) == 4)
        #expect(text.value("run_seconds_bucket", ["le": "+Inf"]) == 5)
        #expect(text.value("run_seconds_count") == 5)
        let sum = try #require(text.value("run_seconds_sum"))
        #expect(abs(sum - 1002.0415) < 1e-9)
    }

    @Test("gauges hold the last value; meters rise and fall")
    func gauges() throws {
        let registry = MetricsRegistry()
        let gauge = Gauge(label: "slots", factory: registry)
        gauge.record(16)
        gauge.record(3)
        let meter = Meter(label: "busy", factory: registry)
        meter.set(2)
        meter.increment(by: 1.5)
        meter.decrement(by: 1)
        let text = try read(registry)
        #expect(text.value("slots") == 3)
        #expect(text.value("busy") == 2.5)
        #expect(text.types == ["slots": "gauge", "busy": "gauge"])
    }

    @Test("a label with many values is bounded, and the rest is counted together")
    func boundsLabels() throws {
        let registry = MetricsRegistry()
        let extra = 50
        for number in 0..<(MetricsRegistry.seriesMax + extra) {
            Counter(label: "c", dimensions: [("id", "\(number)")], factory: registry).increment()
        }
        let text = try read(registry)
        #expect(text.samples.count == MetricsRegistry.seriesMax + 1)
        #expect(text.value("c_total", ["overflow": "true"]) == Double(extra))
    }

    @Test("a metric of another kind under the same name disturbs nothing")
    func keepsKinds() throws {
        let registry = MetricsRegistry()
        Gauge(label: "x", factory: registry).record(1)
        Recorder(label: "x", dimensions: [("a", "b")], aggregate: true, factory: registry).record(5)
        let text = try read(registry)
        #expect(text.value("x") == 1)
        #expect(text.samples.count == 1)
    }

    @Test("names and labels that Prometheus does not allow are mended, values escaped")
    func escapes() throws {
        let registry = MetricsRegistry()
        registry.describe(["_9_a_b_total": "Line\nbreak and \\ and \"quotes\"."])
        let value = "a\\b\"c\nd\r\ne"
        Counter(label: "9 a.b", dimensions: [("la-bel", value)], factory: registry).increment()
        let text = try read(registry)
        #expect(text.value("_9_a_b_total", ["la_bel": value]) == 1)
        #expect(text.helps["_9_a_b_total"] == "Line\\nbreak and \\\\ and \"quotes\".")
    }

    @Test("any values come back through the strict reader", arguments: Seeds.first(20))
    func roundTrips(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let registry = MetricsRegistry()
        let alphabet = Array("ab\\\"\n {},=é\t")
        var expected: [[String: String]: Double] = [:]
        for _ in 0..<20 {
            let value = String((0..<6).map { _ in alphabet.randomElement(using: &random) ?? "x" })
            let amount = Int64.random(in: 0...1000, using: &random)
            Counter(label: "c", dimensions: [("l", value)], factory: registry)
                .increment(by: amount)
            expected[["l": value], default: 0] += Double(amount)
        }
        let text = try read(registry)
        let found = Dictionary(uniqueKeysWithValues: text.samples.map { ($0.labels, $0.value) })
        #expect(found == expected, "\(Seeds.replay(seed, filter: "MetricsTests"))")
    }

    @Test("the process's own figures can be read")
    func processFigures() throws {
        let text = try PrometheusReader(PrometheusText.render(ProcessFigures.families()))
        #expect(try #require(text.value("process_resident_memory_bytes")) > 1_000_000)
        #expect(try #require(text.value("process_open_fds")) >= 3)
        #expect(try #require(text.value("process_cpu_seconds_total")) >= 0)
    }
}
