import Foundation

/// Moves the wall clocks of the processes that are started with its environment.
///
/// By a library of our own: libfaketime calls itself without end in a process whose allocator reads
/// the clock, as that of `redis-server` does.
package final class ClockShift: Sendable {
    private static let name = "libClockShift.so"

    private let folder: String
    private let library: String

    private var file: String { "\(folder)/clock-shift" }

    /// A clock that is right so far.
    ///
    /// - Parameter programs: The folder of the package's built programs and libraries.
    /// - Throws: `ChildProcessError` when no temporary folder can be made, or the file system's
    ///   error.
    package init(programs: String) throws {
        library = "\(programs)/\(Self.name)"
        folder = try ScratchFolders.make()
        try Self.bytes(.zero).write(to: URL(fileURLWithPath: file))
    }

    deinit {
        ScratchFolders.remove(folder)
    }

    /// For the processes whose clock it moves.
    package var environment: [String: String?] {
        ["LD_PRELOAD": library, "RINGBACK_CLOCK_SHIFT": file]
    }

    /// Sets how far the clocks are ahead, in whole seconds; behind when negative.
    package func set(_ shift: Duration) throws {
        // In place: the processes have mapped these very bytes.
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        try handle.write(contentsOf: Self.bytes(shift))
        try handle.close()
    }

    private static func bytes(_ shift: Duration) -> Data {
        withUnsafeBytes(of: shift.components.seconds) { Data($0) }
    }
}
