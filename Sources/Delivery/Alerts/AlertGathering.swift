package import Ambient
package import CallStore
import Foundation
package import JobQueue
package import Settings

/// Looks up what the rules are decided from.
package struct AlertGathering: Sendable {
    private let store: CallStore
    private let queues: [any QueueAdministration]
    private let ambient: Ambient

    /// US dollars of the agent that a conversion may cost; nil for no limit.
    private let costMax: Double?

    /// How long things are kept; nil where nobody has said.
    private let kept: KeptPeriods?

    package init(
        store: CallStore,
        queues: [any QueueAdministration],
        ambient: Ambient,
        costMax: Double? = nil,
        retention: RetentionSettings? = nil
    ) {
        self.store = store
        self.queues = queues
        self.ambient = ambient
        self.costMax = costMax
        kept = retention.map(KeptPeriods.init)
    }

    /// The facts of this moment; a queue that does not answer is not among them.
    ///
    /// - Throws: `StoreError`.
    package func facts() async throws -> AlertFacts {
        let now = ambient.unixMilliseconds
        let nowUnix = now / 1_000
        let today = try await store.figureReport(FigureScope(to: LocalDay(0))).today
        let yesterday = LocalDay(today.number - 1)
        let first = LocalDay(yesterday.number - 7 * AlertLimits.weeks)
        let report = try await store.figureReport(FigureScope(from: first, to: yesterday))
        let lastWebhook = try await store.mark(.lastWebhook)
        var since = 0
        if let lastWebhook {
            // A call's webhook comes when it is over: those that have just begun do not count, and
            // those that began before the last webhook may have had theirs.
            let from = lastWebhook / 1_000
            since =
                try await store.startCounts(
                    in: [(from, max(from, nowUnix - 3_600))],
                    areOver: true
                ).first ?? 0
        }
        let hours = Int64(AlertLimits.quietHours) * 3_600
        let ends = (0...AlertLimits.weeks).map { nowUnix - Int64($0) * 7 * 86_400 }
        let counts = try await store.startCounts(in: ends.map { ($0 - hours, $0) })
        let settings = try await settings()
        let rules = AlertFacts(nowMilliseconds: now, yesterday: yesterday, settings: settings)
        func seconds(_ rule: AlertRule, _ unit: Double) -> Int64 {
            Int64((rules.threshold(rule) ?? 0) * unit)
        }
        return AlertFacts(
            nowMilliseconds: now,
            lastPollMilliseconds: try await store.mark(.lastPoll),
            lastWebhookMilliseconds: lastWebhook,
            callsSinceWebhook: since,
            queues: await queueFacts(),
            yesterday: yesterday,
            days: Dictionary(
                report.days.map { ($0.day, $0.figures) },
                uniquingKeysWith: { first, _ in first }
            ),
            callsLately: counts.first ?? 0,
            callsLatelyBefore: Array(counts.dropFirst()),
            costMax: costMax,
            unfinished: try await store.unfinished(
                startedBefore: nowUnix - seconds(.unfinishedCalls, 3_600)
            ),
            unread: try await store.unread(
                deletedBefore: nowUnix + seconds(.upstreamDeletion, 86_400)
            ),
            overdue: try await overdue(),
            labelDrifts: try await store.labelDrifts(
                newest: AlertLimits.driftLabels,
                before: AlertLimits.driftBaseMax
            ),
            settings: settings
        )
    }

    private func overdue() async throws(StoreError) -> [OverdueClass]? {
        guard let kept else { return nil }
        return try await store.overdue(kept)
    }

    private func settings() async throws(StoreError) -> [AlertRule: AlertSetting] {
        var settings: [AlertRule: AlertSetting] = [:]
        for setting in try await store.alertSettings() {
            // A rule that this version does not know is left alone.
            if let rule = AlertRule(rawValue: setting.rule) { settings[rule] = setting }
        }
        return settings
    }

    private func queueFacts() async -> [AlertFacts.Queue] {
        var facts: [AlertFacts.Queue] = []
        for queue in queues {
            do throws(QueueError) {
                let figures = try await queue.figures()
                facts.append(
                    AlertFacts.Queue(
                        name: queue.name.text,
                        isPaused: figures.pause != nil,
                        dead: figures.dead,
                        oldest: figures.oldestReady
                    )
                )
            } catch {
                // A rule without facts says nothing; that Redis is away the probes say.
                continue
            }
        }
        return facts
    }
}

extension KeptPeriods {
    /// As the settings say it.
    init(_ settings: RetentionSettings) {
        self.init(
            rawBodies: settings.raw,
            webhooks: settings.webhooks,
            ledger: settings.ledger,
            numbers: settings.numbers,
            transcripts: settings.transcripts
        )
    }
}
