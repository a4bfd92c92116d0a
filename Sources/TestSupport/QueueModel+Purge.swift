package import JobQueue

// The removal of jobs that an operator does not want.

extension QueueModel {
    package mutating func purge(_ places: [PurgePlace], limit: Int) -> PurgeReport {
        var rest = PurgeRest(jobs: limit, bytes: tuning.batchBytesMax)
        for place in places {
            switch place {
            case .hi, .std, .low: purgeLane(place.lane ?? .std, &rest)
            case .suspect: purgeSuspects(&rest)
            case .later: purgeParked(&rest)
            case .dead: purgeDead(&rest)
            }
        }
        let removed = limit - rest.jobs
        counters.purged += removed
        return PurgeReport(removed: removed, left: places.reduce(0) { $0 + held(in: $1) })
    }

    /// What one call may still remove; it goes on while there is something left of both.
    private struct PurgeRest {
        var jobs: Int
        var bytes: Int

        var isUsedUp: Bool { jobs <= 0 || bytes <= 0 }

        mutating func note(_ size: Int) {
            jobs -= 1
            bytes -= size
        }
    }

    private func held(in place: PurgePlace) -> Int {
        switch place {
        case .hi, .std, .low: waitingCount(place.lane ?? .std)
        case .suspect: suspects.count
        case .later: parked.count
        case .dead: dead.count
        }
    }

    private mutating func purgeLane(_ lane: Lane, _ rest: inout PurgeRest) {
        var items = ready[lane] ?? []
        purge(&items, &rest)
        ready[lane] = items
        for key in keysWaiting(in: lane) where !rest.isUsedUp {
            var items = keyed[lane]?[key] ?? []
            purge(&items, &rest)
            setWaiting(items, lane, key)
            if items.isEmpty { leaveRotation(key, in: lane) }
        }
    }

    private mutating func purgeSuspects(_ rest: inout PurgeRest) {
        var items = suspects
        purge(&items, &rest)
        suspects = items
    }

    private mutating func purge(_ items: inout [Item], _ rest: inout PurgeRest) {
        while !rest.isUsedUp, !items.isEmpty {
            let item = items.removeFirst()
            drop(item)
            rest.note(item.byteCount)
        }
    }

    private mutating func purgeParked(_ rest: inout PurgeRest) {
        let entries = parked.values.sorted { ($0.due, $0.job.id.text) < ($1.due, $1.job.id.text) }
        for entry in entries where !rest.isUsedUp {
            parked[entry.job.id] = nil
            drop(.job(entry.job))
            rest.note(Self.notedCount(entry.reason, Item.job(entry.job), alwaysNoted: false))
        }
    }

    private mutating func purgeDead(_ rest: inout PurgeRest) {
        let entries = dead.sorted { ($0.value.at, $0.key.text) < ($1.value.at, $1.key.text) }
        for (id, buried) in entries where !rest.isUsedUp {
            dead[id] = nil
            rest.note(Self.notedCount(buried.reason, buried.body, alwaysNoted: true))
        }
    }

    private mutating func drop(_ item: Item) {
        guard case .job(let job) = item.known else { return }
        release(job)
        cancellations[job.id] = nil
    }

    /// Bytes of a job with its reason in front.
    private static func notedCount(_ reason: String, _ item: Item, alwaysNoted: Bool) -> Int {
        guard alwaysNoted || !reason.isEmpty else { return item.byteCount }
        return "r|\(reason.utf8.count)|\(reason)".utf8.count + item.byteCount
    }
}

extension QueueModel.Item {
    /// The job that pushed bytes are already, if they are a whole envelope.
    fileprivate var known: QueueModel.Item {
        guard case .bytes(let bytes) = self else { return self }
        do {
            return .job(try Envelope.decode(bytes))
        } catch {
            return self
        }
    }
}
