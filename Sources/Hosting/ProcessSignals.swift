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

    private let sources: Mutex<[any DispatchSourceSignal]>

    /// Starts to listen; from now on these signals do not end the process by themselves.
    ///
    /// - Parameters:
    ///   - shutdown: Asked for the end by the first signal.
    ///   - second: Called with the second signal, before the process ends with 128 + its number.
    package init(
        shutdown: Shutdown,
        second: @escaping @Sendable (Int32) -> Void
    ) {
        signal(SIGPIPE, SIG_IGN)
        let queue = DispatchQueue(label: "ringback.signals")
        var sources: [any DispatchSourceSignal] = []
        for number in Self.ending {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if shutdown.isRequested {
                    second(number)
                    _exit(128 + number)
                }
                shutdown.request(.signal(number))
            }
            source.resume()
            sources.append(source)
        }
        self.sources = Mutex(sources)
    }
}
