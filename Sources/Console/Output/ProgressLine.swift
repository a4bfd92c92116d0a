/// How far long work is: a bar on a terminal, plain lines otherwise.
package struct ProgressLine: Sendable {
    /// Lines for a file or a log: one for so many things done.
    private static let plainStep = 100_000
    private static let barWidth = 30

    private let terminal: Terminal
    private let total: Int?
    private let things: String

    /// - Parameters:
    ///   - terminal: Whose standard error it is written to.
    ///   - total: How many things there are; nil when nobody knows.
    ///   - things: What they are, in the plural.
    package init(_ terminal: Terminal, total: Int?, things: String) {
        self.terminal = terminal
        self.total = total
        self.things = things
    }

    /// Says that this many are done; `step` is how many at a time.
    package func show(_ done: Int, step: Int) {
        if terminal.isInteractive {
            terminal.complain("\r" + text(done))
        } else if done / Self.plainStep > (done - step) / Self.plainStep {
            terminal.complain("\(done) \(things)\n")
        }
    }

    /// Leaves the bar's line.
    package func end(_ done: Int) {
        if terminal.isInteractive { terminal.complain("\r" + text(done) + "\n") }
    }

    package func text(_ done: Int) -> String {
        guard let total, total > 0 else { return "\(done) \(things)" }
        let part = min(done, total) * Self.barWidth / total
        let bar =
            String(repeating: "#", count: part)
            + String(repeating: "-", count: Self.barWidth - part)
        return "[\(bar)] \(min(done, total) * 100 / total) %  \(done) of \(total) \(things)"
    }
}
