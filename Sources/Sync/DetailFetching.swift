import Ambient
import CallStore
import ElevenLabs
import Foundation

/// Reads the details of one page, a few at once.
struct DetailFetching {
    let source: any ConversationSource
    let reader: CallReader
    let workspace: String
    let ambient: Ambient

    /// When the list was asked for whose rows are added, Unix milliseconds.
    let listedAtMilliseconds: Int64

    private enum Answer: Sendable {
        case fetched(FetchedConversation, atMilliseconds: Int64)
        case refused(Refusal)

        /// Whether to ask for nothing more of this page now.
        var stopsPage: Bool {
            switch self {
            case .fetched, .refused(.gone), .refused(.failed), .refused(.rejected): false
            case .refused(.later), .refused(.resting), .refused(.halted), .refused(.cancelled):
                true
            }
        }
    }

    /// Fetches what the plan asks for, and stops early when the upstream wants quiet, refuses us,
    /// or the time for one attempt runs out; what is missing then is left for later.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func read(_ plan: PagePlan) async throws -> PageReading {
        var reading = PageReading()
        var answers = try await answers(to: plan.fetches, in: &reading)
        reading.requests = answers.count
        // In the order of the page, whichever answer came first: the same page gives the same.
        answers.sort { $0.position < $1.position }
        for (position, answer) in answers {
            try add(answer, to: plan.fetches[position], in: &reading)
        }
        return reading
    }

    private func answers(
        to fetches: [PagePlan.Fetch],
        in reading: inout PageReading
    ) async throws -> [(position: Int, answer: Answer)] {
        let deadline = ambient.elapsed() + SyncLimits.pageBudget
        var answers: [(position: Int, answer: Answer)] = []
        var rest = fetches.indices[...]
        var isStopped = false
        await withTaskGroup(of: (Int, Answer).self) { group in
            func startNext() {
                guard !isStopped, let position = rest.popFirst() else { return }
                let id = fetches[position].id
                group.addTask { (position, await answer(to: id)) }
            }
            for _ in 0..<SyncLimits.detailsAtOnce { startNext() }
            while let (position, answer) = await group.next() {
                answers.append((position, answer))
                if answer.stopsPage || ambient.elapsed() >= deadline { isStopped = true }
                startNext()
            }
        }
        if !rest.isEmpty { reading.restAfter = .zero }
        return answers
    }

    /// What one conversation, read for its own sake, brings; it is as of when it was asked for.
    func reading(
        of fetched: FetchedConversation,
        _ id: String,
        askedAtMilliseconds: Int64
    ) -> PageReading {
        var reading = PageReading()
        let fetch = PagePlan.Fetch(id: id, row: nil)
        add(fetched, at: askedAtMilliseconds, to: fetch, in: &reading)
        return reading
    }

    private func answer(to id: String) async -> Answer {
        let askedAt = ambient.unixMilliseconds
        do throws(ElevenLabsError) {
            let fetched = try await source.conversation(id)
            return .fetched(fetched, atMilliseconds: askedAt)
        } catch {
            return .refused(Refusal(error))
        }
    }

    private func add(
        _ answer: Answer,
        to fetch: PagePlan.Fetch,
        in reading: inout PageReading
    ) throws {
        let identity = CallIdentity(workspace: workspace, conversationID: fetch.id)
        switch answer {
        case .fetched(let fetched, let now):
            add(fetched, at: now, to: fetch, in: &reading)
        case .refused(.gone):
            if let row = fetch.row { addRow(row, isDetailKnown: true, in: &reading) }
            reading.gone.append(identity)
        case .refused(.failed):
            // The call is there even while its detail is not.
            if let row = fetch.row { addRow(row, isDetailKnown: false, in: &reading) }
            reading.again.append(identity)
        case .refused(.rejected):
            // One job more, which says why; then not before the row changes.
            if let row = fetch.row { addRow(row, isDetailKnown: true, in: &reading) }
            reading.again.append(identity)
        case .refused(.later(let wait, _)), .refused(.resting(let wait)):
            if let row = fetch.row { addRow(row, isDetailKnown: false, in: &reading) }
            reading.restAfter = max(wait, reading.restAfter ?? .zero)
        case .refused(.halted(let reason)):
            reading.haltReason = reason
        case .refused(.cancelled):
            throw CancellationError()
        }
    }

    private func add(
        _ fetched: FetchedConversation,
        at now: Int64,
        to fetch: PagePlan.Fetch,
        in reading: inout PageReading
    ) {
        var raw = RawBody(
            kind: .detail,
            workspace: workspace,
            conversationID: fetch.id,
            receivedAtMilliseconds: now,
            body: Data(fetched.raw)
        )
        switch fetched.content {
        case .readable(let detail) where detail.id == fetch.id:
            let record = reader.record(
                detail,
                row: fetch.row,
                source: .detail,
                workspace: workspace,
                fetchedAtMilliseconds: now
            )
            reading.entries.append(PageReading.Entry(record: record, raw: raw))
            return
        case .readable:
            raw.unreadableReason = "conversation_id: not the one that was asked for"
        case .unreadable(let error):
            raw.unreadableReason = error.description
        }
        reading.unreadable.append(raw)
        // With the fingerprint: it is asked for again when the row changes, not before.
        if let row = fetch.row { addRow(row, isDetailKnown: true, in: &reading) }
    }

    func addRow(
        _ row: ConversationSummary,
        isDetailKnown: Bool,
        in reading: inout PageReading
    ) {
        let record = reader.record(
            row,
            workspace: workspace,
            fetchedAtMilliseconds: listedAtMilliseconds,
            isDetailKnown: isDetailKnown
        )
        reading.entries.append(PageReading.Entry(record: record, raw: nil))
    }
}

extension Ambient {
    /// Wall time in Unix milliseconds.
    var unixMilliseconds: Int64 { Int64((now().timeIntervalSince1970 * 1000).rounded(.down)) }
}
