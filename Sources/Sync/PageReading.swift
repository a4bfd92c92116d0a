import CallJobs
import CallStore
import ElevenLabs
import Foundation

/// What is to be done with the rows of one page; decided before anything is fetched.
struct PagePlan {
    /// Rows whose detail must be read; nil where the row itself made no sense.
    struct Fetch: Sendable {
        var id: String
        var row: ConversationSummary?
    }

    var fetches: [Fetch] = []

    /// Rows whose call a webhook has brought whole: the row adds what only the list tells.
    var rowsOnly: [ConversationSummary] = []

    /// Rows that make no sense, with why and the id where that could be read.
    var unreadable: [(id: String?, raw: [UInt8], reason: String)] = []

    /// The starts of the page's readable calls, each call once.
    private var starts: [Int64] = []

    /// How many calls of a page's range it shows, but for those that the page before has shown: one
    /// that is listed anew from a time on begins a little earlier.
    func callCount(of page: SyncPage) -> Int {
        let range = page.range
        let overlapEnd = page.cursor == nil ? page.filterFromUnix ?? .min : .min
        return starts.count { $0 >= range.fromUnix && $0 < range.toUnix && $0 > overlapEnd }
    }

    /// The latest start on the page, when its rows come in ascending order.
    var reachedUnix: Int64?

    /// Decides on each row by what the store knows of it.
    ///
    /// `endUnix` is where a poll ends: later calls are the next one's. Of what was erased here
    /// nothing is read again; what is `doubted` is, though its row is known: the upstream said that
    /// it has no such call.
    init(
        rows: [ConversationRow],
        known: [String: KnownCall],
        erased: Set<String>,
        doubted: Set<String> = [],
        endUnix: Int64?
    ) {
        var seen = erased
        var starts: [Int64] = []
        for row in rows {
            switch row {
            case .readable(let summary):
                starts.append(summary.startedUnix)
                if let endUnix, summary.startedUnix >= endUnix { continue }
                guard seen.insert(summary.id).inserted else { continue }
                self.starts.append(summary.startedUnix)
                if doubted.contains(summary.id) {
                    fetches.append(Fetch(id: summary.id, row: summary))
                } else {
                    add(summary, known: known[summary.id])
                }
            case .unreadable(let error, let id, let raw):
                if let id, erased.contains(id) { continue }
                unreadable.append((id, raw, error.description))
                guard let id, seen.insert(id).inserted else { continue }
                let isSettled = known[id].map { $0.hasDetail && $0.status.isFinal } ?? false
                if !isSettled { fetches.append(Fetch(id: id, row: nil)) }
            }
        }
        let isAscending = zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
        reachedUnix = isAscending ? starts.last : nil
    }

    private mutating func add(_ row: ConversationSummary, known: KnownCall?) {
        guard let known else {
            fetches.append(Fetch(id: row.id, row: row))
            return
        }
        if known.listFingerprint == row.fingerprint { return }
        let isWhole =
            known.listFingerprint == nil && known.hasDetail && known.status.isFinal
            && known.agrees(with: row)
        if isWhole {
            rowsOnly.append(row)
        } else {
            fetches.append(Fetch(id: row.id, row: row))
        }
    }

    /// Every conversation id on a page that can be read.
    static func ids(in rows: [ConversationRow]) -> [String] {
        rows.compactMap { row in
            switch row {
            case .readable(let summary): summary.id
            case .unreadable(_, let id, _): id
            }
        }
    }
}

extension KnownCall {
    /// Whether a row tells of the same state of the call: the upstream may have analysed it anew,
    /// or somebody may have rated it, since a webhook brought it.
    fileprivate func agrees(with row: ConversationSummary) -> Bool {
        func agrees<Value: Equatable>(_ known: Value?, _ shown: Value?) -> Bool {
            shown == nil || known == shown
        }
        return status.word == row.status.rawValue
            && agrees(durationSeconds, row.durationSeconds.map { max($0, 0) })
            && agrees(callSuccessful, row.callSuccessful?.rawValue)
            && agrees(successScore, row.callSuccessScore)
            && agrees(rating, row.rating)
            // Not every reading has them, and a missing one is no change.
            && (title == nil || agrees(title, row.title))
            && (summary == nil || agrees(summary, row.summary.map(CallReader.trimmed)))
            && (terminationReason == nil || agrees(terminationReason, row.terminationReason))
            && (costCredits == nil || agrees(costCredits, row.cost.map { Int64($0) }))
    }
}

/// What reading one page or one conversation brought, ready to be written.
struct PageReading: Sendable {
    /// A record, with the body it was made from.
    struct Entry: Sendable {
        var record: CallRecord
        var raw: RawBody?
    }

    var entries: [Entry] = []

    /// Bodies that could not be understood.
    var unreadable: [RawBody] = []

    /// Conversations that the upstream has no more.
    var gone: [CallIdentity] = []

    /// Conversations whose detail failed: each gets a job of its own, with its own retries.
    var again: [CallIdentity] = []

    /// Requests for details that were made.
    var requests = 0

    /// Whether something of the page was left for later, and how much later.
    var restAfter: Duration?

    /// A refusal that only a person can lift.
    var haltReason: String?
}
