import Foundation
import Histogram
package import Reports

/// What a soak found.
package struct SoakReport: Sendable {
    /// One process: its resident memory (bytes) when work had begun, at the end and at most.
    ///
    /// All are zero for a process that was gone before anybody looked.
    package struct Memory: Sendable, Equatable {
        package var name: String
        package var first: Int
        package var last: Int
        package var most: Int

        package init(name: String, first: Int, last: Int, most: Int) {
            self.name = name
            self.first = first
            self.last = last
            self.most = most
        }
    }

    package var plan: SoakPlan

    /// Jobs that Redis took, and those whose ledger row is in the store.
    package var entered: Int
    package var recorded: Int

    /// What the workers counted; those that died are missing in it.
    package var count: SoakCount

    /// From the first job in to the last one recorded.
    package var took: Duration

    /// Jobs that the queue still held when the run gave up waiting for it; 0 when it was empty.
    package var left: Int

    /// Workers that ended although nobody asked them to.
    package var deaths: Int

    /// Calls that Redis refused for a while.
    package var refusals: Int
    package var memory: [Memory]

    /// Bytes that Redis used before, at most, and afterwards.
    package var redis: Memory

    package init(
        plan: SoakPlan,
        entered: Int,
        recorded: Int,
        count: SoakCount,
        took: Duration,
        left: Int,
        deaths: Int,
        refusals: Int,
        memory: [Memory],
        redis: Memory
    ) {
        self.plan = plan
        self.entered = entered
        self.recorded = recorded
        self.count = count
        self.took = took
        self.left = left
        self.deaths = deaths
        self.refusals = refusals
        self.memory = memory
        self.redis = redis
    }

    /// Jobs that Redis took and that neither took effect nor wait any more.
    package var lost: Int { max(0, entered - recorded - left) }

    /// Effects beyond one for each job.
    package var doubled: Int { max(0, count.applied - recorded) }

    package var isSound: Bool { lost == 0 && doubled == 0 && left == 0 }

    package var verdict: String {
        "\(lost) lost, \(doubled) doubled, \(left) still in the queue"
    }

    /// Jobs in a second, over the whole run.
    package var throughput: Double {
        took > .zero ? Double(recorded) / (took / .seconds(1)) : 0
    }

    private static let percentiles = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p999", 99.9)]

    package var json: JSONValue {
        let waits = Self.percentiles.map { name, percentile in
            JSONValue.Field(
                name: name,
                value: .number(Double(count.waits.valueAtPercentile(percentile)) / 1000)
            )
        }
        return .fields(
            ("minutes", .number(plan.time / .seconds(60))),
            ("ratePerSecond", .count(plan.rate)),
            ("workers", .count(plan.workers)),
            ("entered", .count(entered)),
            ("recorded", .count(recorded)),
            ("lost", .count(lost)),
            ("doubled", .count(doubled)),
            ("left", .count(left)),
            ("redelivered", .count(count.repeated)),
            ("deaths", .count(deaths)),
            ("refusals", .count(refusals)),
            ("seconds", .number(took / .seconds(1))),
            ("jobsPerSecond", .number(throughput)),
            (
                "waitMilliseconds",
                .object(
                    waits + [
                        JSONValue.Field(
                            name: "max",
                            value: .number(Double(count.waits.maxRecorded) / 1000)
                        )
                    ]
                )
            ),
            ("memory", .list((memory + [redis]).map(Self.json)))
        )
    }

    private static func json(_ memory: Memory) -> JSONValue {
        func bytes(_ number: Int) -> JSONValue { memory.most == 0 ? .null : .count(number) }
        return .fields(
            ("process", .text(memory.name)),
            ("firstBytes", bytes(memory.first)),
            ("lastBytes", bytes(memory.last)),
            ("mostBytes", bytes(memory.most))
        )
    }

    package var text: String {
        var text = """
            \(recorded) of \(entered) jobs took effect in \(TimeText.duration(took)), \
            \(Int(throughput.rounded())) a second: \(verdict).

            """
        let waits = Self.percentiles.map { name, percentile in
            "\(name) \(Self.milliseconds(count.waits.valueAtPercentile(percentile)))"
        }
        text += "From making a job to its start: " + waits.joined(separator: ", ")
        text += ", at most \(Self.milliseconds(count.waits.maxRecorded)).\n"
        if count.repeated > 0 {
            text += "\(count.repeated) deliveries of jobs that had been done changed nothing.\n"
        }
        if deaths > 0 { text += "\(deaths) workers died, and what they counted is missing here.\n" }
        if refusals > 0 { text += "Redis refused \(refusals) calls for a while.\n" }
        var table = Table(
            .init("MEMORY"),
            .init("FIRST", .right),
            .init("LAST", .right),
            .init("MOST", .right)
        )
        for memory in memory + [redis] {
            table.add(
                memory.name,
                Self.megabytes(memory.first),
                Self.megabytes(memory.last),
                Self.megabytes(memory.most)
            )
        }
        return text + table.rendered()
    }

    private static func milliseconds(_ microseconds: UInt64) -> String {
        String(format: "%.1f ms", Double(microseconds) / 1000)
    }

    private static func megabytes(_ bytes: Int) -> String {
        bytes == 0 ? "–" : String(format: "%.1f MB", Double(bytes) / 1_000_000)
    }
}
