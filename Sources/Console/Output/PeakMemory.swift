import Foundation

/// The most memory that this process ever had resident.
enum PeakMemory {
    static var bytes: Int {
        var usage = rusage()
        guard getrusage(RUSAGE_SELF, &usage) == 0 else { return 0 }
        return usage.ru_maxrss * 1024
    }

    static var text: String { "\(bytes / 1_000_000) MB" }
}
