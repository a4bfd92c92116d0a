import Synchronization

/// A program's wish that its workers end in order; tripped once, from any thread.
package final class ShutdownSignal: Sendable {
    private struct State {
        var isTripped = false
        var actions: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var isTripped: Bool { state.withLock { $0.isTripped } }

    /// Asks for the end; asking again changes nothing.
    package func trip() {
        let actions = state.withLock { state in
            state.isTripped = true
            defer { state.actions = [] }
            return state.actions
        }
        for action in actions { action() }
    }

    /// Calls something that does not wait, once, when the signal is tripped.
    func onTrip(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if !state.isTripped { state.actions.append(action) }
            return state.isTripped
        }
        if isLate { action() }
    }
}
