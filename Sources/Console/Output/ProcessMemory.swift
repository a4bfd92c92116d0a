import Foundation

/// What the kernel says of a process's memory.
package struct ProcessMemory: Equatable {
    package let residentBytes: Int

    /// The most that was ever resident.
    package let mostBytes: Int

    /// Reads `/proc/<process>/status`; nil when there is no such process, or only its remains.
    package init?(process: Int32) {
        let text: String
        do {
            text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        } catch {
            return nil
        }
        self.init(status: text)
    }

    package init?(status: String) {
        func kilobytes(_ name: String) -> Int? {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        }
        guard let resident = kilobytes("VmRSS"), let most = kilobytes("VmHWM") else { return nil }
        residentBytes = resident * 1024
        mostBytes = most * 1024
    }

    /// The most bytes that this process ever had resident; 0 where the kernel does not tell.
    static var ownMostBytes: Int { ProcessMemory(process: getpid())?.mostBytes ?? 0 }
}
