import CallJobs
import CallStore
import Foundation
import Synchronization
import TestSupport
import Testing

/// A month of conversations under everything that can go wrong upstream, without a network.
///
/// `RINGBACK_TEST_MONTH=20000` makes it a month of so many conversations.
@Suite("a month of conversations", .serialized)
struct ArchiveMonthTests {
    private static var calls: Int {
        ProcessInfo.processInfo.environment["RINGBACK_TEST_MONTH"].flatMap(Int.init) ?? 2_000
    }

    @Test(
        "ends as the simulator's truth after three polls, and the ledger card is right",
        arguments: Seeds.first(1)
    )
    func month(seed: UInt64) async throws {
        let month = try SimulatedMonth(calls: Self.calls, seed: seed)
        let stage = try await ArchiveStage(month)
        let replay = Seeds.replay(seed, filter: "ArchiveMonthTests")
        do {
            let course = try await Course(month).run(stage)
            try await compare(stage, course, replay)
            try await checkCard(stage, course, replay)
        } catch {
            Issue.record(error, "\(month.report) \(replay)")
        }
        try stage.close()
    }

    /// The store against the truth, field by field.
    private func compare(
        _ stage: ArchiveStage,
        _ course: Course.Log,
        _ replay: String
    ) async throws {
        let month = stage.month
        let truth = month.truth(at: month.now)
        let calls = try await stage.calls()
        // A failed call whose records nobody understands is known by its event alone.
        let stored = calls.filter { truth[$0.key] != nil }
        #expect(truth.count > Self.calls * 98 / 100)
        #expect(Set(truth.keys).subtracting(stored.keys).sorted() == [], "\(replay)")
        let differences = stored.filter { truth[$0.key] != $0.value }
            .sorted { $0.key < $1.key }
            .map { "\($0.key): \($0.value) is not \(String(describing: truth[$0.key]))" }
        #expect(calls.count - stored.count <= month.malformed)
        let probe = try StoreProbe(path: stage.path)
        let reasons = try stored.filter { truth[$0.key] != $0.value }.keys.sorted().prefix(5)
            .flatMap { id in
                try probe.texts(
                    """
                    select conversation_id || ' ' || method || ' ' || ifnull(reason, '')
                    from attributions join calls on calls.id = attributions.call_id
                    where conversation_id = '\(id)'
                    """
                )
            }
        #expect(
            differences.prefix(5) == [],
            "\(differences.count) differ; credited: \(reasons). \(replay)"
        )
        let doubled = try probe.count(
            "select count(*) - count(distinct workspace || ' ' || conversation_id) from calls"
        )
        #expect(doubled == 0)
        #expect(try probe.count("select count(*) from outbox") == 0)
        #expect(try probe.count("select count(*) from inbox where state = 'waiting'") == 0)
        #expect(stage.dead == [], "\(replay)")
        #expect(course.refused == 0)
        // The faults did happen.
        for fault in [
            "webhook_dropped", "webhook_duplicated", "webhook_late", "webhook_reordered",
            "expired_cursor", "repeated_page", "invalid_utf8", "cut_short", "rate_limit_429",
            "status_500", "malformed_item",
        ] {
            #expect(month.counted(fault) > 0, "\(fault): \(month.report)")
        }
        print(
            "month: \(calls.count) calls, \(course.delivered) deliveries, \(stage.retried) jobs "
                + "repeated; \(month.report)"
        )
    }

    /// The ledger card against what the test saw happen.
    private func checkCard(
        _ stage: ArchiveStage,
        _ course: Course.Log,
        _ replay: String
    ) async throws {
        let month = stage.month
        let card = try await stage.store.ledgerCard(days: SimulatedMonth.days + 8, zone: .gmt)
        let truth = month.truth(at: month.now)
        let listed = month.listed
        let wholes = month.truth(of: course.wholeMoments(listed: listed, in: month))
        var expected = card.map { LedgerDay(fromUnix: $0.fromUnix, toUnix: $0.toUnix) }
        var changed: Set<String> = []
        for (id, call) in truth {
            guard
                let day = card.firstIndex(where: {
                    $0.fromUnix <= call.startedUnix && call.startedUnix < $0.toUnix
                })
            else { continue }
            expected[day].calls += 1
            let delivered = course.deliveries[id]?.map(\.arrivesUnix).min()
            if let delivered, delivered < listed[id] ?? .max {
                expected[day].byWebhook += 1
            } else {
                expected[day].byPoll += 1
            }
            let isDue =
                call.status == "done"
                || (call.status == "failed" && call.direction == "outbound"
                    && call.durationSeconds == 0)
            if delivered == nil, isDue { expected[day].neverByWebhook += 1 }
            if let whole = wholes[id],
                whole.verdict != call.verdict || whole.rating != call.rating
            {
                expected[day].changedLater += 1
                changed.insert(id)
            }
        }
        try compareChanges(stage, course, changed, truth, replay)
        let wrong = zip(card, expected).filter { $0 != $1 && $0.calls == $1.calls }
        #expect(wrong.map { "\($0) is not \($1)" }.prefix(3) == [], "\(replay)")
        // Of calls that nobody understands the events of failed ones are counted as well.
        let more = zip(card, expected).map { $0.calls - $1.calls }
        #expect(more.allSatisfy { $0 >= 0 } && more.reduce(0, +) <= month.malformed)
        let sums = card.reduce(into: (hook: 0, poll: 0, later: 0, never: 0)) { sums, day in
            sums.hook += day.byWebhook
            sums.poll += day.byPoll
            sums.later += day.changedLater
            sums.never += day.neverByWebhook
        }
        #expect(sums.hook > 0 && sums.poll > 0 && sums.later > 0 && sums.never > 0)
        print("ledger card: \(sums)")
    }

    /// Which calls changed after they were whole; one that should not have is told with its course.
    private func compareChanges(
        _ stage: ArchiveStage,
        _ course: Course.Log,
        _ expected: Set<String>,
        _ truth: [String: MonthCall],
        _ replay: String
    ) throws {
        let probe = try StoreProbe(path: stage.path)
        let stored = Set(
            try probe.texts("select conversation_id from calls where corrected_ms is not null")
        )
        let differing = stored.intersection(truth.keys).symmetricDifference(expected)
        let courses = try differing.sorted().prefix(5).map { id in
            let changes = try probe.texts(
                """
                select (seen_ms / 1000) || ' ' || field || ' was ' || ifnull(value, 'nothing')
                from call_changes join calls on calls.id = call_changes.call_id
                where conversation_id = '\(id)' order by seen_ms
                """
            )
            let deliveries = course.deliveries[id, default: []].map {
                "of \($0.momentUnix) at \($0.arrivesUnix)"
            }
            let calls = try probe.texts(
                """
                select arrived_by || ' ' || source || ' ' || (created_ms / 1000) || ' '
                    || (fetched_ms / 1000) || ' ' || ifnull(webhook_ms / 1000, 'never')
                from calls where conversation_id = '\(id)'
                """
            )
            return """
                \(id): changed \(changes), delivered \(deliveries), listed \
                \(stage.month.listed[id] ?? 0), stored \(calls), polled at \
                \(course.polls.map { "\($0): \(stage.month.truth(at: $0)[id]?.status ?? "none")" })
                """
        }
        #expect(courses == [], "\(replay)")
    }
}

/// Keeps what is seen while the month goes by.
private final class LogBox: Sendable {
    private let log = Mutex(Course.Log())

    var value: Course.Log { log.withLock { $0 } }

    func change(_ body: (inout Course.Log) -> Void) { log.withLock { body(&$0) } }
}

/// What happens in the month, in the order of time.
private struct Course {
    /// What was seen of it.
    struct Log {
        /// Deliveries that tell of a call and were answered 200, by conversation.
        var deliveries: [String: [MonthDelivery]] = [:]
        var delivered = 0
        var refused = 0
        var polls: [Int] = []

        /// Of when the first whole reading of each call is: by a webhook that came before the
        /// poll that lists it whole, or by that poll.
        func wholeMoments(listed: [String: Int], in month: SimulatedMonth) -> [String: Int] {
            var moments: [String: Int] = [:]
            let final = polls.map { (moment: $0, truth: month.truth(at: $0)) }
            for id in Set(listed.keys).union(deliveries.keys) {
                let read = final.first { poll in
                    poll.moment >= listed[id] ?? .max
                        && ["done", "failed"].contains(poll.truth[id]?.status ?? "")
                }
                let hook = deliveries[id]?.min { $0.arrivesUnix < $1.arrivesUnix }
                if let hook, hook.arrivesUnix < read?.moment ?? .max {
                    moments[id] = hook.momentUnix
                } else {
                    moments[id] = read?.moment
                }
            }
            return moments
        }
    }

    let month: SimulatedMonth

    init(_ month: SimulatedMonth) {
        self.month = month
    }

    private static let day = 86_400

    /// How far back the later polls look, in seconds: to before the month, since a call that the
    /// list held back at first may be one of its oldest.
    private static let reach: Int64 = 34 * 86_400

    /// Webhooks that wait together for the workers.
    private static let burst = 100

    func run(_ stage: ArchiveStage) async throws -> Log {
        try await stage.addRecipients()
        let log = LogBox()
        let month = month
        try await stage.serve { poster in
            var waiting: [MonthDelivery] = []
            var from = SimulatedMonth.anchor - SimulatedMonth.days * Self.day - 3_600
            let polls: [(moment: Int, job: SyncArguments)] = [
                (SimulatedMonth.anchor, .recent),
                (SimulatedMonth.anchor + 26 * 3_600, .last(seconds: Self.reach)),
                (SimulatedMonth.anchor + 76 * 3_600, .last(seconds: Self.reach)),
            ]
            for (moment, job) in polls {
                while from < moment {
                    let to = min(from + Self.day, moment)
                    waiting += month.deliveries(after: from, through: to)
                    waiting.sort {
                        ($0.arrivesUnix, $0.conversation) < ($1.arrivesUnix, $1.conversation)
                    }
                    let due = waiting.prefix { $0.arrivesUnix <= to }
                    waiting.removeFirst(due.count)
                    try await Self.deliver(Array(due), with: poster, to: stage, log)
                    from = to
                }
                month.set(moment)
                log.change { $0.polls.append(moment) }
                try await stage.enqueue(job)
                try await stage.work()
            }
        }
        return log.value
    }

    private static func deliver(
        _ deliveries: [MonthDelivery],
        with poster: ArchiveStage.Poster,
        to stage: ArchiveStage,
        _ log: LogBox
    ) async throws {
        for (number, delivery) in deliveries.enumerated() {
            stage.month.set(delivery.arrivesUnix)
            let (body, signature) = stage.month.signed(delivery)
            let status = try await poster.post(body, signature: signature)
            log.change { log in
                log.delivered += 1
                guard status == 200 else {
                    log.refused += 1
                    return
                }
                if delivery.tellsOfCall {
                    log.deliveries[delivery.conversation, default: []].append(delivery)
                }
            }
            if number % Self.burst == Self.burst - 1 { try await stage.work() }
        }
        try await stage.work()
    }
}
