import Synchronization

/// The simulated workspace: everything about it follows from its settings and the time.
///
/// Holds a start time for each historical call and what clients changed; every conversation is
/// generated again when somebody asks for it. Any task may use it at any time.
package final class World: Sendable {
    package let settings: WorldSettings
    package let agents: Agents
    package let campaigns: Campaigns
    package let people: People
    package let planner: CallPlanner
    package let recipients: RecipientsFile
    package let identifiers: Identifiers
    private let changes = Mutex(Changes())
    private let quirksNow: Mutex<Quirks>

    /// What clients changed; lost when the process ends.
    private struct Changes {
        var deleted: Set<Int> = []
        var feedback: [Int: Feedback] = [:]
    }

    /// Most conversations that can be given feedback, or deleted, in one run.
    private static let changesMax = 1_000_000

    package init(_ settings: WorldSettings) {
        precondition(settings.problem == nil, "The settings are checked before they are used.")
        self.settings = settings
        quirksNow = Mutex(Quirks(.none, seed: settings.seed))
        agents = Agents(settings)
        campaigns = Campaigns(settings)
        people = People(seed: settings.seed)
        identifiers = Identifiers(seed: settings.seed)
        recipients = RecipientsFile(seed: settings.seed, campaigns: campaigns, people: people)
        planner = CallPlanner(
            settings: settings,
            agents: agents,
            campaigns: campaigns,
            people: people,
            identifiers: identifiers
        )
    }

    /// How many calls have started at or before `now`; these are the indexes `0..<count`.
    package func count(at now: Int) -> Int {
        planner.count(startedBy: now)
    }

    /// A call as it stands at `now`.
    package func record(_ index: Int, at now: Int) -> CallRecord {
        record(of: planner.plan(index), at: now)
    }

    package func record(of plan: CallPlan, at now: Int) -> CallRecord {
        CallRecord(plan, in: self, at: now, givenFeedback: feedback(of: plan.index))
    }

    /// What happens to calls after their end.
    var quirks: Quirks { quirksNow.withLock { $0 } }

    func set(_ quirks: Quirks) { quirksNow.withLock { $0 = quirks } }

    /// The index of an existing conversation; nil if it has not started or was deleted.
    package func index(ofConversation identifier: String, at now: Int) -> Int? {
        guard let index = identifiers.index(ofConversation: identifier), index < count(at: now),
            !isDeleted(index)
        else { return nil }
        return index
    }

    // MARK: What clients change

    package func isDeleted(_ index: Int) -> Bool {
        changes.withLock { $0.deleted.contains(index) }
    }

    /// Deletes a conversation.
    ///
    /// - Returns: False when it was deleted before.
    package func delete(_ index: Int) -> Bool {
        changes.withLock { changes in
            guard changes.deleted.count < Self.changesMax else { return false }
            return changes.deleted.insert(index).inserted
        }
    }

    package func give(_ feedback: Feedback, to index: Int) {
        changes.withLock { changes in
            guard changes.feedback.count < Self.changesMax else { return }
            changes.feedback[index] = feedback
        }
    }

    private func feedback(of index: Int) -> Feedback? {
        changes.withLock { $0.feedback[index] }
    }
}

/// What a user said about a conversation.
package struct Feedback: Sendable, Equatable {
    package var likes = 0
    package var dislikes = 0
    package var rating: Int?
    package var comment: String?

    package init(likes: Int = 0, dislikes: Int = 0, rating: Int? = nil, comment: String? = nil) {
        self.likes = likes
        self.dislikes = dislikes
        self.rating = rating
        self.comment = comment
    }
}
