import JobQueue

/// The invariants of the protocol, checked on what Redis holds, without the model's help.
///
/// Numbers are those of the protocol's list. 6 concerns the ledger, which is not the queue's.
struct ModelInvariants {
    /// One copy of a job as it was found somewhere.
    private struct Copy {
        var place: String
        var crashes: Int
    }

    private let hasCopies: Bool
    private var copies: [String: [Copy]] = [:]
    private var leases: Set<String> = []
    private var reaped: Set<String> = []
    private var fences: [String: Int64] = [:]

    /// - Parameter hasCopies: Whether the sequence may use one job's id twice.
    init(hasCopies: Bool) {
        self.hasCopies = hasCopies
    }

    /// Compares the state after a step with the one before it.
    ///
    /// - Returns: What is broken; empty when nothing is.
    mutating func check(
        _ dump: ModelDump,
        after step: ModelStep,
        answering answer: ModelAnswer
    ) -> [String] {
        var broken = structure(dump)
        let before = copies
        copies = Self.copies(in: dump)
        if !hasCopies {
            for (id, found) in copies where found.count > 1 {
                broken.append("1: \(id) is in \(found.map(\.place))")
            }
            broken += losses(before, step, answer)
            broken += crashes(before, step)
            broken += deliveries(answer)
        }
        broken += settlements(dump, step, answer)
        for (key, content) in dump.keys where key.hasPrefix("uniq:") {
            if copies[content[0]] == nil {
                broken.append("8: \(key) is held by lost \(content[0])")
            }
        }
        return broken
    }

    private func structure(_ dump: ModelDump) -> [String] {
        var broken: [String] = []
        let batches = Set(dump.pairs("lease").keys)
        let runs = Set(
            dump.keys.keys.filter { $0.hasPrefix("run:") }.map { String($0.dropFirst(4)) }
        )
        if batches != runs { broken.append("2: leases \(batches), run lists \(runs)") }
        for (set, hash) in [("later", "parked"), ("dead", "deadbody")] {
            let members = Set(dump.pairs(set).keys)
            let bodies = Set(dump.pairs(hash).keys)
            if members != bodies { broken.append("2: \(set) \(members), \(hash) \(bodies)") }
        }
        let open = runs.reduce(0) { sum, run in
            sum + (dump.keys["run:\(run)"] ?? []).dropFirst().count { !$0.isEmpty }
        }
        if String(open) != dump.pairs("ctl")["running", default: "0"] {
            broken.append("the count of running jobs is not \(open)")
        }
        if runs.contains(where: { Self.isSettled(dump.keys["run:\($0)"] ?? []) }) {
            broken.append("2: a settled batch is still leased")
        }
        if (dump.keys["bell"] ?? []).count > 1 { broken.append("the bell has two tokens") }
        return broken + flow(dump, runs)
    }

    /// What a limit key holds is what run lists hold of it, and each of its lists is served or
    /// comes back.
    private func flow(_ dump: ModelDump, _ runs: Set<String>) -> [String] {
        var broken: [String] = []
        var held: [String: [String: Int]] = [:]
        for run in runs {
            for text in (dump.keys["run:\(run)"] ?? []).dropFirst() where !text.isEmpty {
                guard let key = Self.job(text)?.limit else { continue }
                held["held:\(key)", default: [:]][run, default: 0] += 1
            }
        }
        let noted = dump.keys.keys.filter { $0.hasPrefix("held:") }
        let found = noted.map { ($0, dump.pairs($0).mapValues { Int($0) ?? -1 }) }
        if Dictionary(uniqueKeysWithValues: found) != held {
            broken.append("limit keys hold \(held), noted is \(found)")
        }
        let resting = Set(dump.pairs("rest").keys)
        for key in dump.keys.keys where key.hasPrefix("lane:") {
            let parts = key.split(separator: ":", maxSplits: 2).map(String.init)
            let isServed = dump.pairs("lanes:\(parts[1])")[parts[2]] != nil
            if isServed == resting.contains(parts[2]) {
                broken.append("\(key) is \(isServed ? "served at rest" : "never served")")
            }
        }
        return broken
    }

    private static func isSettled(_ run: [String]) -> Bool {
        run.dropFirst().allSatisfy(\.isEmpty)
    }

    /// 5: a job leaves only by a settlement or by an act of somebody who may.
    private func losses(
        _ before: [String: [Copy]],
        _ step: ModelStep,
        _ answer: ModelAnswer
    ) -> [String] {
        let lost = before.keys.filter { copies[$0] == nil }
        guard !lost.isEmpty else { return [] }
        var allowed: Set<String> = []
        var mayTrim = false
        var isReap = false
        var buried: Set<String> = []
        var mayCancel = false
        switch step {
        case .turn(let request):
            let slots = request.settlement?.slots ?? []
            allowed = Set(
                slots.filter { $0.outcome.endsTheJob }.map(\.id.text)
            )
            buried = Set(slots.filter { $0.outcome.buriesTheJob }.map(\.id.text))
            mayTrim = true
            mayCancel = true
        case .reap:
            mayTrim = true
            isReap = true
        case .forget(let ids), .cancel(let ids), .discardDead(let ids):
            allowed = Set(ids.map(\.text))
        case .retryDead(let ids):
            // Garbage goes back without a name of its own.
            allowed = Set(ids.map(\.text).filter { $0.hasPrefix("garbage-") })
        case .purge(let places, _):
            let names = places.map { $0.lane.map { "ready:\($0.rawValue)" } ?? $0.copyPlace }
            allowed = Set(
                before.filter { names.contains($0.value.first?.place ?? "") }.map(\.key)
            )
        case .enqueue, .fire, .pauseSchedule, .resumeSchedule, .feed, .closeFeed, .beat, .leave,
            .ring, .takeToken, .pause, .resume, .runNow, .setLimit, .limits, .setMark, .pushByHand,
            .expireCall, .expireUnique, .wait:
            break
        }
        return lost.filter { id in
            let place = before[id]?.first?.place ?? ""
            if allowed.contains(id) { return false }
            // Buried and trimmed in one step: after the clock went back the newest is the oldest.
            if mayTrim,
                place == "dead" || isReap && place.hasPrefix("run:s-") || buried.contains(id)
            {
                return false
            }
            return !(mayCancel && cancelled.contains(id))
        }
        .map { "5: \($0) is gone after \(step)" }
    }

    /// 7: only a solo batch that is reaped counts as a crash of its job.
    private func crashes(_ before: [String: [Copy]], _ step: ModelStep) -> [String] {
        copies.compactMap { id, found in
            guard let now = found.first, let then = before[id]?.first, now.crashes > then.crashes
            else { return nil }
            if case .reap = step, then.place.hasPrefix("run:s-") { return nil }
            return "7: \(id) has crashed in \(then.place)"
        }
    }

    /// 4: the fences of one job's deliveries rise.
    private mutating func deliveries(_ answer: ModelAnswer) -> [String] {
        guard case .turned(let reply) = answer, let batch = reply.batch else { return [] }
        let name = batch.reference.text
        guard delivered.insert(name).inserted else { return [] }
        var broken: [String] = []
        for job in batch.jobs {
            if let last = fences[job.id.text], last >= batch.fence {
                broken.append("4: \(job.id) came under \(last), then under \(batch.fence)")
            }
            fences[job.id.text] = batch.fence
        }
        return broken
    }

    private var delivered: Set<String> = []
    private var cancelled: Set<String> = []

    /// 3: a reaped batch is lost for whoever settles it.
    private mutating func settlements(
        _ dump: ModelDump,
        _ step: ModelStep,
        _ answer: ModelAnswer
    ) -> [String] {
        cancelled = Set(dump.pairs("cancel").keys)
        let before = leases
        leases = Set(dump.pairs("lease").keys)
        if case .reap = step { reaped.formUnion(before.subtracting(leases)) }
        guard case .turn(let request) = step, case .turned(let reply) = answer,
            let old = request.settlement?.batch.text, reaped.contains(old)
        else { return [] }
        switch reply.settled {
        case .lost, .stale: return []
        // The repeat of a call from before the reap answers as that call did.
        case .settled, .alreadySettled, .nothing:
            return settledOnce.contains(Self.name(request)) ? [] : ["3: reaped \(old) was settled"]
        }
    }

    private var settledOnce: Set<String> = []

    /// Remembers that a call settled something, so that its repeat may say so again.
    mutating func remember(_ step: ModelStep, _ answer: ModelAnswer) {
        guard case .turn(let request) = step, case .turned(let reply) = answer else { return }
        if reply.settled != .stale { settledOnce.insert(Self.name(request)) }
    }

    private static func name(_ request: TurnRequest) -> String {
        "\(request.worker).\(request.number)"
    }

    // MARK: Copies

    private static func copies(in dump: ModelDump) -> [String: [Copy]] {
        var copies: [String: [Copy]] = [:]
        func add(_ text: String, _ place: String) {
            guard let job = job(text) else { return }
            copies[job.id.text, default: []].append(Copy(place: place, crashes: job.crashes))
        }
        for (key, content) in dump.keys {
            if key.hasPrefix("ready:") || key == "suspect" {
                for text in content { add(text, key) }
            } else if key.hasPrefix("lane:") {
                // The same place as that of the lane's other jobs.
                let lane = key.split(separator: ":")[1]
                for text in content { add(text, "ready:\(lane)") }
            } else if key.hasPrefix("run:") {
                for text in content.dropFirst() where !text.isEmpty { add(text, key) }
            }
        }
        for text in dump.pairs("parked").values { add(unnoted(text), "parked") }
        for (id, text) in dump.pairs("deadbody") {
            copies[id, default: []].append(
                Copy(place: "dead", crashes: job(unnoted(text))?.crashes ?? 0)
            )
        }
        return copies
    }

    /// The text behind the note that says why it is there.
    private static func unnoted(_ text: String) -> String {
        let parts = text.utf8.split(separator: UInt8(ascii: "|"), maxSplits: 2)
        guard text.hasPrefix("r|"), parts.count == 3,
            let length = Int(String(decoding: parts[1], as: UTF8.self))
        else { return text }
        return String(decoding: parts[2].dropFirst(length), as: UTF8.self)
    }

    /// The job, if the text is one; garbage has no name until it is buried.
    private static func job(_ text: String) -> Job? {
        do {
            return try Envelope.decode(Array(text.utf8))
        } catch {
            return nil
        }
    }
}

extension PurgePlace {
    /// Where a copy is said to be that lies there; only for places that are no lanes.
    fileprivate var copyPlace: String { self == .later ? "parked" : rawValue }
}

extension Outcome {
    /// Whether the job goes to `dead` with it.
    fileprivate var buriesTheJob: Bool {
        if case .dead = self { return true }
        return false
    }

    /// Whether the job leaves the queue with it.
    fileprivate var endsTheJob: Bool {
        switch self {
        case .done, .discard: true
        case .retry, .snooze, .rest, .release, .dead: false
        }
    }
}
