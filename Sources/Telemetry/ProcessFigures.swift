import Foundation

/// What the system knows of this process, under the names that Prometheus' own clients use.
package enum ProcessFigures {
    /// Read from `/proc`; a figure that cannot be read is left out.
    package static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        func add(_ kind: MetricFamily.Kind, _ name: String, _ help: String, _ value: Double?) {
            guard let value else { return }
            families.append(
                MetricFamily(name: name, help: help, kind: kind, series: [MetricSeries(value)])
            )
        }
        let stat = Stat()
        add(
            .counter,
            "process_cpu_seconds_total",
            "User and system time of the process, in seconds.",
            stat?.cpuSeconds
        )
        add(
            .gauge,
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM, in bytes.",
            stat?.residentBytes
        )
        add(
            .gauge,
            "process_virtual_memory_bytes",
            "Address space of the process, in bytes.",
            stat?.virtualBytes
        )
        add(
            .gauge,
            "process_start_time_seconds",
            "Unix time at which the process started, in seconds.",
            stat?.startUnix
        )
        add(.gauge, "process_open_fds", "Open file descriptors of the process.", openFiles)
        add(.gauge, "process_max_fds", "File descriptors that it may have open.", openFilesMax)
        return families
    }

    /// `ringback_build_info`, whose value is always 1.
    ///
    /// - Parameters:
    ///   - program: The program's name, such as `worker-sync`.
    ///   - version: Which release it is of.
    /// - Returns: One series.
    package static func build(program: String, version: String) -> MetricFamily {
        MetricFamily(
            name: "ringback_build_info",
            help: "Which program of which release this is; the value is always 1.",
            kind: .gauge,
            series: [MetricSeries(1, ("program", program), ("version", version))]
        )
    }

    private static var openFiles: Double? {
        do {
            return Double(
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            )
        } catch {
            // Without /proc there is nothing to say; the other metrics are still served.
            return nil
        }
    }

    private static var openFilesMax: Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return nil
        }
        return Double(limit.rlim_cur)
    }

    /// Fields of `/proc/self/stat` as proc(5) numbers them.
    private struct Stat {
        let cpuSeconds: Double?
        let residentBytes: Double?
        let virtualBytes: Double?
        let startUnix: Double?

        init?() {
            guard let data = FileManager.default.contents(atPath: "/proc/self/stat") else {
                return nil
            }
            let text = String(decoding: data, as: UTF8.self)
            // Behind the name, which may itself hold spaces, stands the third field.
            guard let end = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: end)...].split(separator: " ")
            func field(_ number: Int) -> Double? {
                number - 3 < fields.count ? Double(fields[number - 3]) : nil
            }
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            let page = Double(sysconf(Int32(_SC_PAGESIZE)))
            if let user = field(14), let system = field(15) {
                cpuSeconds = (user + system) / ticks
            } else {
                cpuSeconds = nil
            }
            residentBytes = field(24).map { $0 * page }
            virtualBytes = field(23)
            if let boot = Self.bootUnix(), let start = field(22) {
                startUnix = boot + start / ticks
            } else {
                startUnix = nil
            }
        }

        /// When the machine started, from the line `btime` of `/proc/stat`.
        private static func bootUnix() -> Double? {
            guard let data = FileManager.default.contents(atPath: "/proc/stat") else { return nil }
            let line = String(decoding: data, as: UTF8.self).split(separator: "\n")
                .first { $0.hasPrefix("btime ") }
            return line.flatMap { Double($0.dropFirst(6)) }
        }
    }
}
