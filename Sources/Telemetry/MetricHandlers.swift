import CoreMetrics
import Synchronization

/// A count that only rises, of whole things.
final class CounterCell: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Double { Double(count.load(ordering: .relaxed)) }

    func increment(by amount: Int64) {
        precondition(amount >= 0, "A counter only rises.")
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// A count that only rises, of seconds or other fractions.
final class FloatingCounterCell: FloatingPointCounterHandler {
    private let count = Mutex(0.0)

    var value: Double { count.withLock { $0 } }

    func increment(by amount: Double) {
        precondition(amount >= 0, "A counter only rises.")
        count.withLock { $0 += amount }
    }

    func reset() { count.withLock { $0 = 0 } }
}

/// A number that rises and falls.
final class GaugeCell: MeterHandler, RecorderHandler {
    private let number = Mutex(0.0)

    var value: Double { number.withLock { $0 } }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { number.withLock { $0 = value } }
    func increment(by amount: Double) { number.withLock { $0 += amount } }
    func decrement(by amount: Double) { number.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// A distribution; durations are in seconds.
final class HistogramCell: TimerHandler, RecorderHandler {
    private let state: Mutex<HistogramValue>

    init(bounds: [Double]) {
        self.state = Mutex(HistogramValue(bounds: bounds))
    }

    var value: HistogramValue { state.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { state.withLock { $0.observe(value) } }
}
