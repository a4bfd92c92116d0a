/// A program that `ringback up` keeps running.
package struct Child: Sendable, Equatable {
    /// Its name, also that of its log.
    package let name: String

    /// Path of the executable.
    package let executable: String
    package let arguments: [String]

    /// All its variables.
    package let environment: [String: String]

    /// How long it may take to end before it is killed.
    package let stopMax: Duration

    /// Sent by the kernel when `up` dies; nil for a child that watches the supervisor's pipe.
    package let deathSignal: Int32?

    package init(
        name: String,
        executable: String,
        arguments: [String] = [],
        environment: [String: String],
        stopMax: Duration,
        deathSignal: Int32? = nil
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.stopMax = stopMax
        self.deathSignal = deathSignal
    }
}

/// A child that runs.
package protocol RunningChild: Sendable {
    var processID: Int32 { get }

    /// Sends a signal; nothing happens when the child has ended.
    func signal(_ number: Int32)

    /// Waits for its end: the exit code, or 128 and the number of the signal that ended it.
    ///
    /// Returns at once with nil when the waiting task is cancelled.
    func ended() async -> Int32?
}

/// What starts children: the system, or a simulation.
package protocol ChildStarter: Sendable {
    func start(_ child: Child) async throws(ChildStartError) -> any RunningChild
}

/// Why a child could not be started.
package struct ChildStartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// What happens to the children, for those who tell people.
package enum ChildEvent: Sendable, Equatable {
    case started(name: String, processID: Int32)

    /// It ended although nobody asked it to.
    case died(name: String, status: Int32, again: Duration, isLoud: Bool)
    case cannotStart(name: String, reason: String, again: Duration, isLoud: Bool)
    case stopped(name: String, status: Int32)

    /// It did not end in time and was killed.
    case killed(name: String)
}
