import CProcess
import Dispatch
import Foundation
import Synchronization

/// The terminal while `ringback top` has all of it.
///
/// Whatever ends the process but SIGKILL gives the terminal back as it was: the C shim sees to it
/// in the handlers of signals and at exit.
final class TopTerminal: Sendable {
    /// What happens at the terminal.
    enum Event: Sendable, Equatable {
        case keys([TopKey])
        case resized

        /// The program goes on after it was suspended.
        case resumed

        /// Time goes on.
        case tick

        /// Nobody is there any more.
        case closed
    }

    /// Bytes of one read: a person types no more at once, and what is pasted comes in parts.
    private static let readMax = 256

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let signals: Mutex<[any DispatchSourceSignal]>
    private let input: Mutex<[any DispatchSourceRead]>

    /// Takes the terminal.
    ///
    /// - Returns: Nil when standard input or output is none.
    init?() {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1,
            cprocess_terminal_take() == 0
        else { return nil }
        let (events, continuation) = AsyncStream<Event>.makeStream(
            bufferingPolicy: .bufferingNewest(1_000)
        )
        self.events = events
        self.continuation = continuation
        let queue = DispatchQueue(label: "ringback.top")
        var signals: [any DispatchSourceSignal] = []
        for number in [SIGWINCH, SIGCONT] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                continuation.yield(number == SIGWINCH ? .resized : .resumed)
            }
            source.resume()
            signals.append(source)
        }
        self.signals = Mutex(signals)
        let input = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
        input.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: Self.readMax)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            // The source says that there is something, so nothing means the end.
            if count <= 0 {
                continuation.yield(.closed)
            } else {
                continuation.yield(.keys(TopKey.keys(in: Array(bytes.prefix(count)))))
            }
        }
        input.resume()
        self.input = Mutex([input])
    }

    deinit {
        signals.withLock { for source in $0 { source.cancel() } }
        input.withLock { for source in $0 { source.cancel() } }
        continuation.finish()
        cprocess_terminal_restore()
    }

    /// Lets whoever waits for events look at the clock.
    func tick() { continuation.yield(.tick) }

    /// Gives the terminal back and stops the process until somebody lets it go on.
    func suspend() {
        cprocess_terminal_restore()
        raise(SIGSTOP)
        _ = cprocess_terminal_take()
    }

    /// Takes the terminal again after a stop from outside.
    func resume() { _ = cprocess_terminal_take() }

    /// Columns and rows.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws a whole screen without flicker: each line over the old one, then clears its rest.
    static func draw(_ lines: [TopLine], isColoured: Bool) -> String {
        var text = "\u{1B}[H"
        for (index, line) in lines.enumerated() {
            if index > 0 { text += "\r\n" }
            text += line.rendered(isColoured: isColoured) + "\u{1B}[K"
        }
        return text + "\u{1B}[J"
    }
}
