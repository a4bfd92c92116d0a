import Ambient
import JobQueue

extension Coordinator {
    /// Begins the calls that are due; returns whether one was made to its end.
    ///
    /// The ledger and the queue are two servers: neither waits for the other's answer.
    mutating func exchange(_ calls: inout DiscardingTaskGroup) async -> Bool {
        await putTokenBack()
        let now = ambient.elapsed()
        let admission = isAdmissionUnderWay ? nil : nextAdmission(now)
        let results = isCommitUnderWay ? nil : nextCommit(now)
        if let results { (jobsUnderWay, notesUnderWay) = (results.jobs.count, results.notes.count) }
        let isCommitting = results != nil || isCommitUnderWay
        let request = isTurnUnderWay ? nil : nextTurn(now, isCommitting: isCommitting)
        let (committer, queue, ambient) = (committer, queue, ambient)
        let due = [admission != nil, results != nil, request != nil].count { $0 }
        if due == 1, isQuiet, request?.waitsForBell != true {
            // The common case of a slow queue, without a task of its own.
            if let request { take(await request.send(to: queue)) }
            if let results { take(await results.commit(to: committer, ambient: ambient)) }
            if let admission { take(await admission.ask(committer), for: admission) }
            return true
        }
        let (answers, wakeup) = (answers, crew.wakeup)
        if let request {
            isTurnUnderWay = true
            calls.addTask {
                answers.put(.turn(await request.send(to: queue)))
                wakeup.signal()
            }
        }
        if let results {
            isCommitUnderWay = true
            calls.addTask {
                answers.put(.commit(await results.commit(to: committer, ambient: ambient)))
                wakeup.signal()
            }
        }
        if let admission {
            isAdmissionUnderWay = true
            calls.addTask {
                answers.put(.admission(await admission.ask(committer), admission))
                wakeup.signal()
            }
        }
        return false
    }

    /// Whether nothing can end meanwhile: no call is under way and no handler has anything to do.
    private var isQuiet: Bool {
        !isTurnUnderWay && !isCommitUnderWay && !isAdmissionUnderWay
            && open.allSatisfy { $0.run == nil || $0.unfinished == 0 }
    }

    /// What a call brought.
    enum Answer: Sendable {
        case turn(Result<TurnReply, QueueError>)
        case commit(Commitment)
        case admission(Result<Set<JobID>, CommitError>, Admission)
    }

    mutating func takeAnswers() {
        for answer in answers.take() {
            switch answer {
            case .turn(let reply):
                isTurnUnderWay = false
                take(reply)
            case .commit(let commitment):
                isCommitUnderWay = false
                take(commitment)
            case .admission(let finished, let admission):
                isAdmissionUnderWay = false
                take(finished, for: admission)
            }
        }
    }
}
