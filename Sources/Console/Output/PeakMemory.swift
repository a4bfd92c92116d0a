import Foundation

/// The most memory that this process ever had resident.
enum PeakMemory {
    /// 0 where the system does not tell it.
    ///
    /// From `/proc`, for `getrusage` may tell what the program before it in the process had.
    static var bytes: Int {
        guard let data = FileManager.default.contents(atPath: "/proc/self/status") else { return 0 }
        let line = String(decoding: data, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("VmHWM:") }
        let digits = line?.filter { ("0"..."9").contains($0) } ?? ""
        return (Int(digits) ?? 0) * 1024
    }

    static var text: String { "\(bytes / 1_000_000) MB" }
}
