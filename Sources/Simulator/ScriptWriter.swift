/// Writes the script of a call: the same plan always gives the same one.
struct ScriptWriter {
    private var draw: Draw
    private let plan: CallPlan
    private let trade: Trade
    private var turns: [Turn] = []
    private var weights: [Int] = []

    static func script(for plan: CallPlan, agent: Agent, person: Person?, seed: UInt64) -> Script {
        var writer = Self(plan: plan, trade: agent.trade, seed: seed)
        let filling = writer.filling(agent: agent, person: person)
        writer.write()
        writer.decorate()
        writer.time()
        return Script(
            turns: writer.turns,
            filling: filling,
            terminationReason: writer.terminationReason()
        )
    }

    private init(plan: CallPlan, trade: Trade, seed: UInt64) {
        self.plan = plan
        self.trade = trade
        draw = Draw(seed: seed, stream: .script, index: plan.index)
    }

    private mutating func filling(agent: Agent, person: Person?) -> Filling {
        let service = draw.int(in: 0..<3)
        let services = Phrasebook.of(plan.language).services[trade] ?? []
        let first = slot(daysAhead: 1...9)
        let second = slot(daysAhead: 10...14)
        return Filling(
            business: agent.name,
            service: services[service],
            name: person?.name ?? draw.pick(["Alex Rivera", "Sam Keller", "Robin Petit"]),
            first: first,
            second: second,
            price: trade.prices[service] + draw.int(in: 0...3) * 5,
            language: plan.language
        )
    }

    private mutating func slot(daysAhead: ClosedRange<Int>) -> Slot {
        let today = plan.start / 86_400
        var day = today + draw.int(in: daysAhead)
        // Day 0 of the Unix era was a Thursday; nobody is booked on a Sunday.
        if (day + 4) % 7 == 0 { day += 1 }
        let halfHours = draw.int(in: 16..<35)
        return Slot(moment: day * 86_400 + halfHours * 1_800)
    }
}

// MARK: Course

extension ScriptWriter {
    private mutating func write() {
        switch plan.scenario {
        case .booking: booking()
        case .bookingRetried: bookingRetried()
        case .bookingByStaff: bookingByStaff()
        case .failedBooking: failedBooking()
        case .priceQuestion: priceQuestion()
        case .openingHours: openingHours()
        case .cancellation: cancellation()
        case .wrongNumber: wrongNumber()
        case .complaint: complaint()
        case .silentCaller: silentCaller()
        case .hangUp: hangUp()
        case .transferred: transferred()
        case .voicemail: voicemail()
        case .noAnswer, .busy: break
        case .notInterested: notInterested()
        case .outboundBooking: outboundBooking()
        case .callbackRequested: callbackRequested()
        }
    }

    private mutating func negotiation() {
        agent(.greet)
        caller(.askBooking)
        detectLanguage()
        if draw.chance(0.2) {
            agent(.tellPrice)
            caller(.thanks)
        }
        agent(.askWhen)
        caller(.preferTime)
        use(.checkAvailability)
        agent(.offerSlot)
        if plan.channel == .whatsapp { add(Turn(byAgent: false, content: .picture), weight: 2) }
        caller(.acceptSlot)
        agent(.askName)
        caller(.giveName)
    }

    private mutating func booking() {
        negotiation()
        use(.bookAppointment)
        agent(.confirmBooked)
        caller(.thanks)
        farewell()
    }

    private mutating func bookingRetried() {
        negotiation()
        use(.bookAppointment, fails: true)
        agent(.offerOther)
        caller(.acceptSlot)
        use(.bookAppointment, isOther: true)
        agent(.confirmBooked)
        caller(.thanks)
        farewell()
    }

    private mutating func bookingByStaff() {
        agent(.greet)
        caller(.askBooking)
        agent(.askWhen)
        caller(.askHuman)
        agent(.transferring)
        use(.transferToNumber)
    }

    private mutating func failedBooking() {
        negotiation()
        use(.bookAppointment, fails: true)
        agent(.bookingFailed)
        caller(.okBye)
        farewell()
    }

    private mutating func priceQuestion() {
        agent(.greet)
        caller(.askPrice)
        detectLanguage()
        if draw.chance(0.5) { use(.lookUpPrice) }
        agent(.tellPrice)
        // Some hang up once they know.
        guard draw.chance(0.75) else { return }
        caller(.thinkAboutIt)
        agent(.anythingElse)
        caller(.okBye)
        farewell()
    }

    private mutating func openingHours() {
        agent(.greet)
        caller(.askHours)
        agent(.tellHours)
        guard draw.chance(0.7) else { return }
        caller(.thanks)
        farewell()
    }

    private mutating func cancellation() {
        agent(.greet)
        caller(.askCancel)
        agent(.askName)
        caller(.giveName)
        use(.cancelAppointment)
        agent(.confirmCancel)
        caller(.thanks)
        farewell()
    }

    private mutating func wrongNumber() {
        agent(.greet)
        caller(.wrongNumber)
        agent(.notUs)
        if draw.chance(0.5) { caller(.sorryWrong) }
    }

    private mutating func complaint() {
        agent(.greet)
        caller(.complain)
        agent(.empathize)
        caller(.demand)
        agent(.promiseCallback)
        caller(.okBye)
        farewell()
    }

    private mutating func silentCaller() {
        agent(plan.channel.isOutbound ? .outboundOpening : .greet)
        noise()
        agent(.silentPrompt)
        noise()
        agent(.silentBye)
        use(.endCall)
    }

    private mutating func hangUp() {
        agent(.greet)
        if draw.chance(0.4) { caller(.hello) }
    }

    private mutating func transferred() {
        agent(.greet)
        if draw.chance(0.5) {
            caller(.askPrice)
            agent(.tellPrice)
        }
        caller(.askHuman)
        agent(.transferring)
        use(.transferToNumber)
    }

    private mutating func voicemail() {
        caller(.voicemailGreeting)
        use(.voicemailDetection)
        agent(.voicemailMessage)
    }

    private mutating func notInterested() {
        agent(.outboundOpening)
        if draw.chance(0.5) { caller(.hello) }
        caller(.notInterested)
        agent(.politeBye)
    }

    private mutating func outboundBooking() {
        agent(.outboundOpening)
        caller(.interested)
        use(.checkAvailability)
        agent(.offerSlot)
        caller(.acceptSlot)
        use(.bookAppointment)
        agent(.confirmBooked)
        caller(.thanks)
        farewell()
    }

    private mutating func callbackRequested() {
        agent(.outboundOpening)
        caller(.busyNow)
        agent(.askCallback)
        caller(.laterTime)
        agent(.confirmCallback)
        caller(.okBye)
    }

    private mutating func farewell() {
        agent(.bye)
        if draw.chance(0.4) { use(.endCall) }
    }

    private mutating func detectLanguage() {
        if plan.language != .english, draw.chance(0.6) { use(.languageDetection) }
    }
}

// MARK: Turns

extension ScriptWriter {
    private mutating func agent(_ act: Act) {
        add(Turn(byAgent: true, content: .speech(act, wording: wording())), weight: 5)
    }

    private mutating func caller(_ act: Act) {
        add(Turn(byAgent: false, content: .speech(act, wording: wording())), weight: 4)
    }

    private mutating func noise() {
        add(Turn(byAgent: false, content: .noise), weight: 8)
    }

    /// A multiple of every number of wordings in use picks each of them equally often.
    private mutating func wording() -> Int {
        draw.int(in: 0..<60)
    }

    private mutating func use(_ tool: Tool, fails: Bool = false, isOther: Bool = false) {
        let use = ToolUse(
            tool: tool,
            request: "call_" + draw.identifier(length: 24),
            fails: fails,
            isOther: isOther,
            latency: Double(draw.int(in: 80...1_400)) / 1_000
        )
        add(Turn(byAgent: true, content: .toolCall(use)), weight: 1)
        add(Turn(byAgent: true, content: .toolResult(use)), weight: 0)
    }

    private mutating func add(_ turn: Turn, weight: Int) {
        turns.append(turn)
        weights.append(weight)
    }

    /// Callers interrupt now and then.
    private mutating func decorate() {
        for index in turns.indices.dropFirst().dropLast() where turns[index].byAgent {
            guard case .speech = turns[index].content, !turns[index + 1].byAgent else { continue }
            if draw.chance(0.05) { turns[index].isInterrupted = true }
        }
    }

    /// Spreads the turns over the seconds of the talk; a broken call keeps only its first ones.
    private mutating func time() {
        if case .failed(let share) = plan.ending {
            turns.removeLast(turns.count - Int(share * Double(turns.count)))
            weights.removeLast(weights.count - turns.count)
        }
        let total = max(1, weights.reduce(0, +))
        var sum = 0
        for index in turns.indices {
            turns[index].seconds = plan.talk * sum / total
            sum += weights[index]
        }
    }

    private mutating func terminationReason() -> String {
        switch plan.ending {
        case .failed, .unanswered, .neverFinishes: return ""
        case .done: break
        }
        if case .toolResult(let use)? = turns.last?.content, use.tool == .endCall {
            return "end_call tool was called."
        }
        if plan.scenario == .voicemail { return "voicemail_detection tool was called." }
        switch plan.channel {
        case .phone:
            return draw.weighted([("Call ended by remote party", 30), ("", 1)])
        case .widget, .text:
            return draw.weighted([
                ("Client disconnected: 1000", 6), ("Client disconnected: 1005", 2),
                ("Client disconnected: 1006", 1),
            ])
        case .whatsapp, .sms:
            return "Max inactive time reached"
        }
    }
}
