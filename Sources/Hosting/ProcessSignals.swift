import Dispatch
import Foundation
import Synchronization

/// Turns signals into a wish to end; the second one ends the process at once.
///
/// On a dispatch queue of its own, not on the cooperative pool: a process whose threads are all
/// busy must still be able to end.
package final class ProcessSignals: Sendable {
    /// Signals that ask for the end.
    package static let ending = [SIGTERM, SIGINT, SIGHUP]

    /// Two signals closer together than this are one wish: a terminal and a program that runs us,
    /// such as `make` or `timeout`, may both pass the same Ctrl-C on.
    package static let sameWish = Duration.milliseconds(500)

    private let sources: Mutex<[any DispatchSourceSignal]>

    /// Starts to listen; from now on these signals do not end the process by themselves.
    ///
    /// - Parameters:
    ///   - shutdown: Asked for the end by the first signal.
    ///   - elapsed: The ambient's, to tell two wishes apart.
    ///   - second: Called with the second signal, before the process ends with 128 + its number.
    package init(
        shutdown: Shutdown,
        elapsed: @escaping @Sendable () -> Duration,
        second: @escaping @Sendable (Int32) -> Void
    ) {
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "ringback.signals")
        let first = FirstSignal()
        var sources: [any DispatchSourceSignal] = []
        for number in Self.ending {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                guard let since = first.note(at: elapsed()) else {
                    shutdown.request(.signal(number))
                    return
                }
                guard since >= Self.sameWish else { return }
                second(number)
                _exit(128 + number)
            }
            source.resume()
            sources.append(source)
        }
        self.sources = Mutex(sources)
    }
}

/// When the first signal came.
private final class FirstSignal: Sendable {
    private let time = Mutex<Duration?>(nil)

    /// How long ago the first signal came; nil when this is it.
    func note(at now: Duration) -> Duration? {
        time.withLock { first in
            guard let first else {
                first = now
                return nil
            }
            return now - first
        }
    }
}
