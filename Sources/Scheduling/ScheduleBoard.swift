package import Foundation
import Synchronization

/// What one schedule did last and does next, as its scheduler knows it.
package struct ScheduleStatus: Sendable, Equatable {
    package var name: ScheduleName

    /// The next instant; nil until the queue has said what was fired last.
    package var next: Date?

    /// The last instant that this scheduler fired or saw fired.
    package var last: Date?

    /// Whether the queue could not be reached for it.
    package var isWaitingForQueue: Bool

    package init(name: ScheduleName, next: Date?, last: Date?, isWaitingForQueue: Bool) {
        self.name = name
        self.next = next
        self.last = last
        self.isWaitingForQueue = isWaitingForQueue
    }
}

/// Where a running scheduler shows what it does.
package final class ScheduleBoard: Sendable {
    private let state = Mutex<[ScheduleName: ScheduleStatus]>([:])

    package init() {}

    /// The state of every schedule, by name.
    package var statuses: [ScheduleStatus] {
        state.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    func keep(only names: Set<ScheduleName>) {
        state.withLock { $0 = $0.filter { names.contains($0.key) } }
    }

    func show(_ status: ScheduleStatus) {
        state.withLock { $0[status.name] = status }
    }
}
