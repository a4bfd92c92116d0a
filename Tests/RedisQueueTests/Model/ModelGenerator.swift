import JobQueue
import TestSupport

/// Makes up what happens next, from a seed and the model's present state.
struct ModelGenerator {
    private var random: Seeded
    private let mayRepeatIDs: Bool
    private let isQuiet: Bool
    private var nextName = 0
    private var numbers: [WorkerID: Int] = [:]
    private var pastTurns: [TurnRequest] = []
    private var pastCalls: [(id: EnqueueCallID, jobs: [NewJob])] = []
    private var pastIDs: [JobID] = []
    private var deadIDs: [JobID] = []
    private var keysOfJobs: [JobID: UniqueKey?] = [:]
    private var workers: [WorkerID]
    private let uniques: [UniqueKey]
    private let limitKeys: [LimitKey]

    /// Lets a quarter of the sequences use a job's id twice, as a resent outbox row does, and keeps
    /// the queue of a fifth idle most of the time.
    init(seed: UInt64) throws {
        random = Seeded(seed: seed)
        mayRepeatIDs = seed % 4 == 0
        isQuiet = seed % 5 == 0
        workers = try ["a", "s-b.1", "c.7"].map { try WorkerID($0) }
        uniques = try ["u1", "u2", "u3"].map { try UniqueKey($0) }
        // Every third sequence does without limit keys.
        let names = seed % 3 == 0 ? [] : ["upstream:x", "agent:1", "agent:2"]
        limitKeys = try names.map { try LimitKey($0) }
    }

    /// Whether this sequence may hold two copies of one job.
    var hasCopies: Bool { mayRepeatIDs }

    mutating func next(_ model: QueueModel, now: Int64) throws -> ModelStep {
        deadIDs = model.dead.keys.sorted { $0.text < $1.text }
        if isQuiet, chance(0.6) { return try quietly(model, now: now) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: return try enqueue()
        case 20..<55: return try turn(model)
        case 55..<62: return .wait(wait())
        case 62..<67: return beat(model)
        case 67..<74: return .reap(limit: Int.random(in: 1...3, using: &random))
        case 74..<78: return repeatedTurn(orElse: .reap(limit: 2))
        case 78..<80: return repeatedEnqueue(orElse: .ring)
        case 80..<85: return try handPush(now)
        default: return try rarely(model, now: now)
        }
    }

    /// What comes one by one: a job, the token, the job's delivery, its end.
    private mutating func quietly(_ model: QueueModel, now: Int64) throws -> ModelStep {
        switch Int.random(in: 0..<24, using: &random) {
        case 0..<6: return try enqueueOne()
        case 6..<10: return .takeToken
        case 10..<16: return try turn(model, settles: 0.4)
        case 16: return repeatedEnqueue(orElse: .takeToken)
        case 17: return repeatedTurn(orElse: .takeToken)
        case 18: return .wait(Int64.random(in: 0...3000, using: &random))
        case 19: return .wait(Int64.random(in: 9000...11_000, using: &random))
        case 20, 21: return .reap(limit: 1)
        case 22: return pastIDs.last.map { .cancel([$0]) } ?? .takeToken
        default: return try handPush(now)
        }
    }

    private mutating func rarely(_ model: QueueModel, now: Int64) throws -> ModelStep {
        switch Int.random(in: 0..<23, using: &random) {
        case 0: return .pause(reason: "why not")
        case 1, 2: return .resume
        case 3: return .cancel(ids(model, known: nil))
        case 4: return .retryDead(ids(model, known: Array(model.dead.keys)))
        case 5: return .discardDead(ids(model, known: Array(model.dead.keys)))
        case 6, 7: return .runNow(ids(model, known: Array(model.parked.keys)))
        case 8: return .forget(ids(model, known: Array(model.parked.keys)))
        case 9, 10: return try fire(now)
        case 11: return try leave()
        case 12: return .takeToken
        case 13:
            guard let index = pastCalls.indices.randomElement(using: &random) else { return .ring }
            let call = pastCalls[index].id
            // Repeated after that, it would make second copies.
            if !mayRepeatIDs { pastCalls.remove(at: index) }
            return .expireCall(call)
        case 15, 16:
            guard let key = limitKeys.randomElement(using: &random) else { return .ring }
            return .setLimit(key, settings())
        case 17: return .limits
        case 18:
            let value = Int.random(in: 5...30, using: &random)
            return .setMark(pick([.softDepth, .hardDepth, .lastDepth]), chance(0.4) ? nil : value)
        case 19, 20: return try feed(model)
        case 21:
            let schedule = pick(["poll", "sweep"])
            return chance(0.4) ? .pauseSchedule(schedule) : .resumeSchedule(schedule)
        case 14:
            if mayRepeatIDs, !deadIDs.isEmpty, chance(0.5) { return .purge([.dead], limit: 4) }
            let places = Set((0..<2).map { _ in pick(PurgePlace.allCases) })
            let limit = Int.random(in: 1...4, using: &random)
            return .purge(PurgePlace.ordered(places), limit: limit)
        default:
            if mayRepeatIDs, !deadIDs.isEmpty, chance(0.5) { return .purge([.dead], limit: 4) }
            return .expireUnique(pick(uniques))
        }
    }

    // MARK: Producers

    private mutating func enqueue() throws -> ModelStep {
        var calls: [(id: EnqueueCallID, jobs: [NewJob])] = []
        for _ in 0..<(chance(0.2) ? 2 : 1) {
            let call = try EnqueueCallID(name("call"))
            let jobs = try (0..<Int.random(in: 1...4, using: &random)).map { _ in try job() }
            calls.append((call, jobs))
        }
        pastCalls += calls
        return .enqueue(calls)
    }

    private mutating func enqueueOne() throws -> ModelStep {
        let call = try EnqueueCallID(name("call"))
        var job = NewJob(
            id: try JobID(name("job")),
            kind: "sync",
            lane: pick(Lane.allCases),
            payload: Array("{}".utf8)
        )
        if chance(0.2) { job.delay = .milliseconds(Int.random(in: 1...60_000, using: &random)) }
        pastIDs.append(job.id)
        keysOfJobs[job.id] = .some(nil)
        pastCalls.append((call, [job]))
        return .enqueue([(call, [job])])
    }

    private mutating func repeatedEnqueue(orElse other: ModelStep) -> ModelStep {
        guard !mayRepeatIDs || chance(0.5), let call = pastCalls.last else { return other }
        return .enqueue([call])
    }

    private mutating func job() throws -> NewJob {
        var id = try JobID(name("job"))
        if mayRepeatIDs, chance(0.2) {
            // A copy of a dead job may take the key that the dead one gave up.
            let past = chance(0.5) && !deadIDs.isEmpty ? deadIDs : pastIDs
            id = past.randomElement(using: &random) ?? id
        }
        pastIDs.append(id)
        // A resent job is the same job: it brings the same key.
        let unique = keysOfJobs[id] ?? (chance(mayRepeatIDs ? 0.6 : 0.3) ? pick(uniques) : nil)
        keysOfJobs[id] = .some(unique)
        return NewJob(
            id: id,
            kind: pick(["sync", "export"]),
            lane: pick(Lane.allCases),
            payload: Array(repeating: 0x7C, count: Int.random(in: 0...120, using: &random)),
            unique: unique,
            uniqueHorizon: .seconds(1000),
            delay: chance(0.25) ? .milliseconds(Int.random(in: 1...60_000, using: &random)) : .zero,
            trace: chance(0.2) ? "00-ab-cd-01" : nil,
            limit: chance(0.6) ? limitKeys.randomElement(using: &random) : nil
        )
    }

    private mutating func settings() -> LimitSettings {
        let interval = Int64.random(in: 1...20_000, using: &random) * 1000
        let rate = RateLimit(
            intervalMicroseconds: interval,
            burst: Int.random(in: 1...3, using: &random)
        )
        return LimitSettings(
            concurrency: chance(0.6) ? Int.random(in: 1...3, using: &random) : nil,
            rate: chance(0.4) ? rate : nil
        )
    }

    private mutating func fire(_ now: Int64) throws -> ModelStep {
        let instant = (now / 60_000 + Int64.random(in: -2...2, using: &random)) * 60_000
        return .fire(
            Tick(
                schedule: pick(["poll", "sweep"]),
                instantMilliseconds: instant,
                job: try job(),
                isLate: chance(0.3)
            )
        )
    }

    /// A step from where the feed stands or from elsewhere, as a feeder that was late takes it.
    private mutating func feed(_ model: QueueModel) throws -> ModelStep {
        let feed = try FeedName(pick(["plan", "other"]))
        if chance(0.05) { return .closeFeed(feed) }
        var seen: Int?
        if case .at(let position)? = model.feeds[feed] { seen = position }
        if chance(0.2) { seen = chance(0.3) ? nil : Int.random(in: 0...6, using: &random) }
        let jobs = try (0..<Int.random(in: 0...3, using: &random)).map { _ in
            NewJob(
                id: try JobID(name("fed")),
                kind: "sync",
                lane: pick(Lane.allCases),
                payload: Array("{}".utf8),
                limit: chance(0.4) ? limitKeys.randomElement(using: &random) : nil
            )
        }
        pastIDs += jobs.map(\.id)
        for job in jobs { keysOfJobs[job.id] = .some(nil) }
        let next = chance(0.9) ? (seen ?? 0) + jobs.count : Int.random(in: 0...6, using: &random)
        return .feed(FeedStep(feed: feed, seen: seen, next: next, jobs: jobs))
    }

    private mutating func handPush(_ now: Int64) throws -> ModelStep {
        let texts = [
            #"{"type":"sync","args":{"a":[],"b":12345678901234567890}}"#,
            #" { "args" : {"x":"}\"{"} , "type" : "sync" } "#,
            #"{"type":"sync"}"#,
            #"{"type":"syn\u0063","args":{}}"#,
            #"{"type":"sync","args":{},"args":{"last":1}}"#,
            #"{"type":"sync","args":[1]}"#,
            #"{"type":"sync","args":null}"#,
            #"{"type":"a b","args":{}}"#,
            #"{"type":7,"args":{}}"#,
            #"{"type":"sync","arguments":{}}"#,
            #"{"args":{}}"#,
            #"[{"type":"sync"}]"#,
            #"{"type":"sync","args":{"#,
            "\"text\"", "", "nonsense", "\u{0}|\u{1}", "v1|", "v2|1|1|0|x|1|std||sync|0|0|raw||",
            "v1|1|1|0|x|0|std||sync|0|0|raw||", "v1|1|1|0|x|1|std||sync|5|0|raw||abc",
            #"{"type":"sync","args":{"long":""# + String(repeating: "x", count: 250) + #""}}"#,
        ]
        if chance(0.15) {
            let id = name("pushed")
            if chance(0.3) {
                let text = "v2|1|\(now)|0|\(id)|1|std||sync|2|9|raw||upstream:x|{}"
                return .pushByHand(Array(text.utf8), lane())
            }
            return .pushByHand(Array("v1|1|\(now)|0|\(id)|3|low||sync|2|9|raw||{}".utf8), lane())
        }
        return .pushByHand(Array(pick(texts).utf8), lane())
    }

    // MARK: Workers

    private mutating func turn(
        _ model: QueueModel,
        settles: Double = 0.75
    ) throws -> ModelStep {
        let worker = pick(workers)
        let number = numbers[worker, default: 0] + (chance(0.1) ? 2 : 1)
        numbers[worker] = number
        let request = TurnRequest(
            worker: worker,
            number: number,
            settlement: chance(settles) ? settlement(model, of: worker) : nil,
            limit: chance(0.15) ? 0 : Int.random(in: 1...6, using: &random),
            lowLimit: chance(0.3) ? Int.random(in: 0...3, using: &random) : QueueLimits.batchMax,
            isIdle: chance(0.4)
        )
        pastTurns.append(request)
        return .turn(request)
    }

    private mutating func repeatedTurn(orElse other: ModelStep) -> ModelStep {
        let recent = chance(0.7) ? pastTurns.suffix(1) : pastTurns.suffix(12)
        return recent.randomElement(using: &random).map { .turn($0) } ?? other
    }

    private mutating func settlement(_ model: QueueModel, of worker: WorkerID) -> Settlement? {
        let own = sorted(model.leases.keys.filter { $0.id.worker == worker })
        guard let reference = own.randomElement(using: &random), let lease = model.leases[reference]
        else { return lateSettlement() }
        var slots: [Settlement.Slot] = []
        let isWhole = chance(0.6)
        for (position, job) in lease.slots.enumerated() where isWhole || chance(0.5) {
            // A settled position is named again now and then: it must be skipped.
            guard let id = job?.id ?? (chance(0.3) ? pastIDs.last : nil) else { continue }
            slots.append(Settlement.Slot(position: position, id: id, outcome: outcome()))
        }
        if isWhole, chance(0.5), let whole = wholeSettlement(of: lease, reference) { return whole }
        if chance(0.15) { disturb(&slots) }
        return Settlement(batch: reference, slots: slots)
    }

    /// All of a batch done at once, if it may be said so; now and then under another's fence.
    private mutating func wholeSettlement(
        of lease: QueueModel.Lease,
        _ reference: Batch.Reference
    ) -> Settlement? {
        let jobs = lease.slots.compactMap { $0 }
        guard jobs.count == lease.slots.count,
            jobs.allSatisfy({ $0.unique == nil && $0.limit == nil && $0.defect == nil })
        else { return nil }
        let slots = jobs.enumerated()
            .map { Settlement.Slot(position: $0, id: $1.id, outcome: .done) }
        let fence = lease.fence + (chance(0.1) ? 1 : 0)
        return Settlement(batch: reference, slots: slots, wholeFence: fence)
    }

    /// Names a wrong position or a wrong job, as a confused worker would.
    private mutating func disturb(_ slots: inout [Settlement.Slot]) {
        guard let index = slots.indices.randomElement(using: &random) else { return }
        if chance(0.5) {
            slots[index].position += 1
        } else if let other = pastIDs.randomElement(using: &random) {
            slots[index].id = other
        }
        slots.shuffle(using: &random)
    }

    /// Settles what an earlier turn settled or fetched, whatever became of it.
    private mutating func lateSettlement() -> Settlement? {
        guard let past = pastTurns.suffix(8).randomElement(using: &random) else { return nil }
        if let settlement = past.settlement { return settlement }
        let id = BatchID(worker: past.worker, number: past.number)
        return Settlement(batch: Batch.Reference(id: id, isSolo: chance(0.2)), slots: [])
    }

    private mutating func outcome() -> Outcome {
        let wait = Duration.milliseconds(Int.random(in: 0...40_000, using: &random))
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8: return .done
        case 8..<12: return .retry(after: wait, reason: chance(0.5) ? "failed|so" : "")
        case 12..<14: return .snooze(after: wait, reason: "later")
        case 14..<16: return .release
        case 16: return .rest(after: wait, reason: "upstream")
        case 17: return .discard(reason: "nothing")
        default: return .dead(reason: "never")
        }
    }

    private mutating func beat(_ model: QueueModel) -> ModelStep {
        let worker = pick(workers)
        var batches = sorted(model.leases.keys.filter { $0.id.worker == worker })
        if chance(0.2), let past = pastTurns.randomElement(using: &random) {
            let id = BatchID(worker: past.worker, number: past.number)
            batches.append(Batch.Reference(id: id, isSolo: false))
        }
        return .beat(
            Presence(
                worker: worker,
                host: "host",
                processID: 7,
                version: "1",
                startedMilliseconds: 5,
                slots: 4,
                busy: batches.count,
                batches: batches
            )
        )
    }

    /// A worker ends; another one takes its place under a new name.
    private mutating func leave() throws -> ModelStep {
        let index = Int.random(in: 0..<workers.count, using: &random)
        let old = workers[index]
        workers[index] = try WorkerID(name("worker"))
        return .leave(old)
    }

    // MARK: Draws

    private mutating func wait() -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8: Int64.random(in: 0...2000, using: &random)
        case 8..<14: Int64.random(in: 2000...10_000, using: &random)
        case 14..<18: Int64.random(in: 9_000...40_000, using: &random)
        case 18: Int64.random(in: 0...100_000_000, using: &random)
        default: -Int64.random(in: 0...100_000, using: &random)
        }
    }

    private mutating func ids(_ model: QueueModel, known: [JobID]?) -> [JobID] {
        let pool = (known ?? pastIDs).sorted { $0.text < $1.text }
        var ids = (0..<Int.random(in: 1...2, using: &random)).compactMap { _ in
            pool.randomElement(using: &random)
        }
        if ids.isEmpty || chance(0.1) { ids += pastIDs.suffix(1) }
        return ids
    }

    private mutating func name(_ kind: String) -> String {
        nextName += 1
        return "\(kind)-\(nextName)"
    }

    private mutating func lane() -> Lane { pick(Lane.allCases) }

    private mutating func chance(_ probability: Double) -> Bool { random.chance() < probability }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    private func sorted(_ references: [Batch.Reference]) -> [Batch.Reference] {
        references.sorted { $0.text < $1.text }
    }
}
