import Foundation

/// What the system knows of this process, under the names that Prometheus' own clients use.
package enum ProcessFigures {
    /// Read from `/proc/self`; a figure that cannot be read is left out.
    package static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let fields = statFields(), fields.count > 21 {
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            // Fields 14, 15 and 24 of proc(5), counted from the third.
            if let user = Double(fields[11]), let system = Double(fields[12]) {
                families.append(
                    MetricFamily(
                        name: "process_cpu_seconds_total",
                        help: "User and system time of the process, in seconds.",
                        kind: .counter,
                        series: [MetricSeries((user + system) / ticks)]
                    )
                )
            }
            if let pages = Double(fields[21]) {
                families.append(
                    MetricFamily(
                        name: "process_resident_memory_bytes",
                        help: "Memory of the process that is in RAM, in bytes.",
                        kind: .gauge,
                        series: [MetricSeries(pages * Double(sysconf(Int32(_SC_PAGESIZE))))]
                    )
                )
            }
        }
        do {
            let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            families.append(
                MetricFamily(
                    name: "process_open_fds",
                    help: "Open file descriptors of the process.",
                    kind: .gauge,
                    series: [MetricSeries(files.count)]
                )
            )
        } catch {
            // Without /proc there is nothing to say; the other metrics are still served.
            return families
        }
        return families
    }

    /// The fields of `/proc/self/stat` behind the name, which may itself hold spaces.
    private static func statFields() -> [Substring]? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/stat"),
            let text = String(data: data, encoding: .utf8), let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
