/// A call with everything that can be said about it at one moment.
package struct CallRecord: Sendable {
    package let plan: CallPlan
    package let status: CallStatus
    package let now: Int
    let agent: Agent
    let line: AgentLine?
    let person: Person?
    let script: Script
    let verdict: Verdict
    let feedback: Feedback?
    /// The text that arrives as the other party's number.
    let externalNumber: String?
    let seed: UInt64
    /// Characters that are added to the first words.
    let bigCharacters: Int

    init(_ plan: CallPlan, in world: World, at now: Int, givenFeedback: Feedback?) {
        self.plan = plan
        self.now = now
        seed = world.settings.seed
        status = plan.status(at: now)
        agent = world.agents.all[plan.agent]
        line = plan.line.map { world.agents.lines[$0] }
        person =
            switch plan.party {
            case .recipient(let index): world.people.recipient(index)
            case .stranger(let serial): world.people.stranger(serial)
            case .withheld, .visitor: nil
            }
        script = ScriptWriter.script(for: plan, agent: agent, person: person, seed: seed)
        let quirks = world.quirks
        let first = Verdict.on(plan, script: script, person: person, seed: seed)
        verdict = Self.isRerun(plan, quirks, at: now) ? first.rerun : first
        bigCharacters = quirks.bigCharacters(plan.index)
        externalNumber = Self.externalNumber(plan, person: person, seed: seed)
        feedback = givenFeedback ?? Self.originalFeedback(plan, quirks, at: now, seed: seed)
    }

    /// Whether the call has been analysed anew by now.
    private static func isRerun(_ plan: CallPlan, _ quirks: Quirks, at now: Int) -> Bool {
        guard plan.ending == .done, let finished = plan.finished,
            let after = quirks.rerun(plan.index)
        else { return false }
        return now >= finished + after
    }

    /// Whether the transcript can be read: once the parties have hung up, if it was kept.
    var hasTranscript: Bool {
        guard plan.privacy == .kept else { return false }
        return status == .processing || status.isFinal
    }

    /// Whether there is an analysis: only when the conversation is done.
    var hasAnalysis: Bool { status == .done }

    /// What the upstream gives as the duration at this moment.
    package var durationSeconds: Int {
        switch status {
        case .initiated, .inProgress: 0
        case .processing, .done: plan.talk
        case .failed: plan.ending == .unanswered ? 0 : plan.talk
        }
    }

    /// What the upstream's list says about success at this moment.
    var successful: Verdict.Result {
        hasAnalysis ? verdict.successful : .unknown
    }

    /// When the conversation was picked up; nil while it was not.
    var accepted: Int? {
        status == .initiated || plan.ending == .unanswered ? nil : plan.accepted
    }

    /// Credits, once the conversation is over.
    var cost: Int? {
        guard status.isFinal else { return nil }
        return plan.ending == .unanswered ? 0 : callCharge + modelCharge
    }

    var callCharge: Int { plan.talk * 20 / 3 }
    var modelCharge: Int { script.turns.count * 3 + plan.talk / 9 }

    /// US dollars for an amount of credits.
    static func dollars(_ credits: Int) -> Double {
        (Double(credits) * 1.16).rounded() / 10_000
    }

    /// What the user said by now, without a client's doing.
    private static func originalFeedback(
        _ plan: CallPlan,
        _ quirks: Quirks,
        at now: Int,
        seed: UInt64
    ) -> Feedback? {
        let last = lastFeedback(plan, seed: seed)
        guard let rating = last?.rating, let finished = plan.finished,
            let late = quirks.lateRating(plan.index), now < finished + late.seconds
        else { return last }
        return late.replaces ? Feedback(rating: rating == 1 ? 2 : rating - 1) : nil
    }

    private static func lastFeedback(_ plan: CallPlan, seed: UInt64) -> Feedback? {
        guard plan.ending == .done, plan.scenario != .voicemail else { return nil }
        var draw = Draw(seed: seed, stream: .rating, index: plan.index)
        guard draw.chance(0.1) else { return nil }
        let happy = plan.scenario != .complaint && plan.scenario != .failedBooking
        if draw.chance(0.2) { return Feedback(likes: happy ? 1 : 0, dislikes: happy ? 0 : 1) }
        let rating = happy ? draw.int(in: 3...5) : draw.int(in: 1...3)
        let comments = happy ? ["Quick and friendly", "Worked well"] : ["Did not help me"]
        return Feedback(rating: rating, comment: draw.chance(0.3) ? draw.pick(comments) : nil)
    }

    /// Carriers hand numbers on as E.164; trunks as whatever their switch writes.
    private static func externalNumber(
        _ plan: CallPlan,
        person: Person?,
        seed: UInt64
    ) -> String? {
        guard case .phone(let carrier, _, _) = plan.channel else { return nil }
        if plan.privacy == .zeroRetention { return "[REDACTED]" }
        if case .withheld(let text) = plan.party { return text }
        guard let number = person?.number else { return "" }
        guard carrier == .sip, !plan.channel.isOutbound else { return number.e164 }
        var draw = Draw(seed: seed, stream: .spelling, index: -1 - plan.index)
        return switch draw.int(in: 0..<10) {
        case 0, 1: "sip:\(number.e164)@trunk.example.net;user=phone"
        case 2: "tel:\(number.e164)"
        case 3: "sip:\(number.e164)@203.0.113.10:5060"
        default: number.e164
        }
    }
}
