package import JobQueue

/// The names of one queue's keys; all share one hash tag, so that a cluster keeps them together.
///
/// The scripts derive the same names from `ctl`, their first key; see `Scripts/prelude.lua`.
package struct QueueKeys: Sendable, Equatable {
    /// What all keys of the queue begin with, such as `ringback:{sync}:`.
    package let prefix: String

    package init(queue: QueueName) {
        prefix = "ringback:{\(queue)}:"
    }

    package var control: String { prefix + "ctl" }
    package var leases: String { prefix + "lease" }
    package var later: String { prefix + "later" }
    package var parked: String { prefix + "parked" }
    package var dead: String { prefix + "dead" }
    package var deadBodies: String { prefix + "deadbody" }
    package var bell: String { prefix + "bell" }
    package var workers: String { prefix + "workers" }
    package var cancellations: String { prefix + "cancel" }
    package var counters: String { prefix + "stat" }
    package var suspects: String { prefix + "suspect" }

    package func ready(_ lane: Lane) -> String { prefix + "ready:" + lane.rawValue }
    package func run(_ batch: Batch.Reference) -> String { prefix + "run:" + batch.text }
    package func worker(_ id: WorkerID) -> String { prefix + "worker:" + id.text }
    package func unique(_ key: UniqueKey) -> String { prefix + "uniq:" + key.text }
    package func call(_ id: EnqueueCallID) -> String { prefix + "call:" + id.text }
    package func tick(_ schedule: String) -> String { prefix + "tick:" + schedule }

    /// What an enqueue or a tick touches besides its own keys.
    var forProducers: [String] {
        [control, later, parked, bell, counters] + Lane.allCases.map(ready)
    }

    /// What a turn touches besides its worker's and batches' keys.
    var forWorkers: [String] {
        [
            control, leases, later, parked, dead, deadBodies, bell, workers, cancellations,
            counters, suspects,
        ] + Lane.allCases.map(ready)
    }
}

extension Batch.Reference {
    /// The batch's name in the keys: `b-<worker>.<number>`, or `s-…` for one that runs alone.
    var text: String { "\(isSolo ? "s" : "b")-\(id.worker).\(id.number)" }

    /// Reads a name; nil when it is none.
    init?(text: String) {
        guard let kind = text.first, kind == "b" || kind == "s", text.dropFirst().first == "-",
            let dot = text.lastIndex(of: "."),
            let number = Int(text[text.index(after: dot)...])
        else { return nil }
        let name = text[text.index(text.startIndex, offsetBy: 2)..<dot]
        do {
            self.init(
                id: BatchID(worker: try WorkerID(String(name)), number: number),
                isSolo: kind == "s"
            )
        } catch {
            return nil
        }
    }
}
