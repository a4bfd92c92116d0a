import CCurl

/// The loop on curl's own thread: the only code that drives transfers.
final class CurlEngine {
    private let loop: CurlLoop
    private let multi: UnsafeMutableRawPointer
    private var transfers: [UInt64: Transfer] = [:]
    private var spareHandles: [UnsafeMutableRawPointer] = []

    /// No limit of any transfer passes before this; may be too early, never too late.
    private var nextDeadline = Duration.zero

    init(loop: CurlLoop, multi: CurlMulti) {
        self.loop = loop
        self.multi = multi.handle
    }

    func run() {
        while true {
            let (commands, isStopping) = loop.takeCommands()
            for command in commands {
                carryOut(command)
            }
            if isStopping { break }
            perform()
            collectFinished()
            enforceDeadlines()
            poll()
        }
        close()
    }

    private func carryOut(_ command: CurlLoop.Command) {
        switch command {
        case .start(let submission):
            start(submission)
        case .cancel(let id):
            if let transfer = transfers[id] {
                end(transfer, .failure(.cancelled))
            }
        case .resume(let id):
            if let transfer = transfers[id] {
                resume(transfer)
            }
        }
    }

    private func start(_ submission: Submission) {
        guard !submission.ticket.isCancelled else { return refuse(submission, .cancelled) }
        guard let easy = spareHandles.popLast() ?? curl_easy_init() else {
            return refuse(submission, .failed(code: 0, reason: "no memory for a handle"))
        }
        let transfer = Transfer(
            submission: submission,
            easy: easy,
            elapsed: loop.elapsed
        )
        if let code = transfer.configure(settings: loop.settings) {
            transfer.releaseList()
            curl_easy_cleanup(easy)
            return refuse(submission, HTTPError(curl: code, transfer: transfer))
        }
        let code = curl_multi_add_handle(multi, easy)
        guard code == CURLM_OK else {
            transfer.releaseList()
            curl_easy_cleanup(easy)
            return refuse(submission, .failed(code: Int(code.rawValue), reason: "cannot be added"))
        }
        transfers[submission.ticket.id] = transfer
        note(deadlineOf: transfer)
    }

    private func refuse(_ submission: Submission, _ error: HTTPError) {
        loop.noteEnd(connectionsOpened: 0)
        submission.fail(error)
    }

    private func resume(_ transfer: Transfer) {
        guard transfer.isPaused else { return }
        transfer.isPaused = false
        transfer.lastProgress = loop.elapsed()
        note(deadlineOf: transfer)
        // May call the write callback at once, which may pause the transfer again.
        let code = curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
        if code != CURLE_OK {
            end(transfer, transfer.outcome(of: code))
        }
    }

    private func perform() {
        var running: Int32 = 0
        let code = curl_multi_perform(multi, &running)
        if code != CURLM_OK {
            failAll(.failed(code: Int(code.rawValue), reason: "libcurl's loop failed"))
        }
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle
            else { continue }
            // Read before the handle is removed: the message goes with it.
            let code = message.pointee.data.result
            guard let transfer = Transfer.of(easy) else { continue }
            end(transfer, transfer.outcome(of: code))
        }
        for transfer in transfers.values where transfer.hasNewDeadline {
            transfer.hasNewDeadline = false
            note(deadlineOf: transfer)
        }
    }

    private func enforceDeadlines() {
        let now = loop.elapsed()
        guard now >= nextDeadline else { return }
        var next = now + HTTPLimits.pollMax
        for transfer in transfers.values {
            guard let (deadline, phase) = transfer.deadline else { continue }
            if deadline <= now {
                end(transfer, .failure(.timeout(phase)))
            } else {
                next = min(next, deadline)
            }
        }
        nextDeadline = next
    }

    private func note(deadlineOf transfer: Transfer) {
        if let (deadline, _) = transfer.deadline {
            nextDeadline = min(nextDeadline, deadline)
        }
    }

    private func poll() {
        let wait = min(max(nextDeadline - loop.elapsed(), .zero), HTTPLimits.pollMax)
        // One more millisecond, so that the deadline has passed when the wait is over.
        let milliseconds = Int32(clamping: wait.wholeMilliseconds + 1)
        var events: Int32 = 0
        let code = curl_multi_poll(multi, nil, 0, milliseconds, &events)
        if code != CURLM_OK {
            failAll(.failed(code: Int(code.rawValue), reason: "libcurl cannot wait"))
        }
    }

    private func end(_ transfer: Transfer, _ outcome: Result<Void, HTTPError>) {
        transfers[transfer.id] = nil
        var opened = 0
        // Fails only for an unknown number, and then nothing is counted.
        _ = ringback_curl_get_long(transfer.easy, CURLINFO_NUM_CONNECTS, &opened)
        // Closes the connection of a transfer that is under way; keeps that of a finished one.
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.releaseList()
        if spareHandles.count < HTTPLimits.spareHandlesMax {
            curl_easy_reset(transfer.easy)
            spareHandles.append(transfer.easy)
        } else {
            curl_easy_cleanup(transfer.easy)
        }
        loop.noteEnd(connectionsOpened: opened)
        if transfer.pauses > 0 { loop.notePause() }
        transfer.deliver(outcome)
    }

    private func failAll(_ error: HTTPError) {
        for transfer in Array(transfers.values) {
            end(transfer, .failure(error))
        }
    }

    private func close() {
        failAll(.shutDown)
        let waiters = loop.close()
        for handle in spareHandles {
            curl_easy_cleanup(handle)
        }
        spareHandles.removeAll()
        curl_multi_cleanup(multi)
        for waiter in waiters {
            waiter.resume()
        }
    }
}

extension Duration {
    /// The duration in milliseconds, rounded down.
    var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
