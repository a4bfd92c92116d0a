package import JobQueue

/// The names of one queue's keys.
///
/// The braces make the queue's name the hash tag, so that all its keys share a slot. Nothing else
/// builds such names, but the scripts, within the same tag.
package struct QueueKeys: Sendable, Equatable {
    /// What all keys of the queue begin with.
    package let prefix: String

    /// The keys that every script gets first, in the order that `prelude.lua` lists.
    package let fixed: [String]

    package init(queue: QueueName) {
        let prefix = "ringback:{\(queue.text)}:"
        self.prefix = prefix
        fixed = [
            "lease", "ready:hi", "ready:std", "ready:low", "suspect", "later", "parked", "dead",
            "deadbody", "ctl", "bell", "stat", "cancel", "workers",
        ]
        .map { prefix + $0 }
    }

    package var bell: String { prefix + "bell" }
    package var control: String { prefix + "ctl" }
    package var leases: String { prefix + "lease" }
    package var suspects: String { prefix + "suspect" }
    package var later: String { prefix + "later" }
    package var parked: String { prefix + "parked" }
    package var dead: String { prefix + "dead" }
    package var deadBodies: String { prefix + "deadbody" }
    package var workers: String { prefix + "workers" }
    package var cancellations: String { prefix + "cancel" }
    package var counters: String { prefix + "stat" }

    /// Where a person pushes jobs by hand.
    package func ready(_ lane: Lane) -> String { "\(prefix)ready:\(lane.rawValue)" }

    package func worker(_ worker: WorkerID) -> String { "\(prefix)worker:\(worker.text)" }

    package func run(_ batch: Batch.Reference) -> String { prefix + "run:" + batch.text }

    package func unique(_ key: UniqueKey) -> String { "\(prefix)uniq:\(key.text)" }

    package func call(_ call: EnqueueCallID) -> String { "\(prefix)call:\(call.text)" }

    package func tick(_ schedule: String) -> String { "\(prefix)tick:\(schedule)" }

    package func hold(_ schedule: String) -> String { "\(prefix)hold:\(schedule)" }

    package func tickNotes(_ schedule: String) -> String { "\(prefix)ticks:\(schedule)" }

    package func feed(_ feed: FeedName) -> String { "\(prefix)feed:\(feed.text)" }

    /// A key that only the check of the server's rights writes, and removes again.
    package var probe: String { prefix + "probe" }
}
