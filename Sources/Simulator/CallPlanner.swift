/// Decides each call of the world from its index alone.
package struct CallPlanner: Sendable {
    let settings: WorldSettings
    let agents: Agents
    let campaigns: Campaigns
    let people: People
    private let identifiers: Identifiers
    /// Start times of the historical calls, ascending.
    private let starts: [Int]

    /// The last regular call starts so long before the anchor that all of them are over by then.
    static let quietBeforeAnchor = 20 * 60
    /// No conversation talks longer, in seconds.
    static let talkMax = 600
    /// No call rings or is analysed longer, in seconds.
    static let ringMax = 45
    static let processingRange = 14...20
    /// No call that ends at all is under way for longer, in seconds.
    static let lifetimeMax = ringMax + talkMax + processingRange.upperBound

    init(
        settings: WorldSettings,
        agents: Agents,
        campaigns: Campaigns,
        people: People,
        identifiers: Identifiers
    ) {
        self.settings = settings
        self.agents = agents
        self.campaigns = campaigns
        self.people = people
        self.identifiers = identifiers
        starts = CallStarts(settings).all
    }

    /// When a call starts, in Unix seconds; ascending with the index.
    package func start(of index: Int) -> Int {
        index < starts.count
            ? starts[index]
            : settings.anchor + (index - starts.count + 1) * settings.liveEvery
    }

    /// How many calls have started at or before a moment.
    package func count(startedBy moment: Int) -> Int {
        guard moment >= settings.anchor else { return position(after: moment) }
        guard settings.liveEvery > 0 else { return starts.count }
        return starts.count + (moment - settings.anchor) / settings.liveEvery
    }

    private func position(after moment: Int) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The plan of a call.
    package func plan(_ index: Int) -> CallPlan {
        var draw = Draw(seed: settings.seed, stream: .plan, index: index)
        let start = start(of: index)
        let agent = draw.int(in: 0..<agents.all.count)
        let channel = draw.weighted(Self.channels)
        let party = party(channel: channel, start: start, index: index, by: &draw)
        let scenario = draw.weighted(Self.scenarios(channel: channel, party: party))
        let privacy = privacy(start: start, scenario: scenario, by: &draw)
        let ending = ending(of: scenario, index: index, by: &draw)
        let natural = Self.timing(of: scenario, channel: channel, ending: ending, by: &draw)
        let timing = stretched(natural, index: index, start: start, ending: ending)
        return CallPlan(
            index: index,
            identifier: identifiers.conversation(index),
            start: start,
            agent: agent,
            line: line(ofAgent: agent, channel: channel),
            channel: channel,
            party: party,
            scenario: scenario,
            language: language(of: party, by: &draw),
            ending: ending,
            privacy: ending == .done ? privacy : .kept,
            ring: timing.ring,
            talk: timing.talk,
            processing: timing.processing
        )
    }

    private static let channels: [(Channel, Int)] = [
        (.phone(.twilio, outbound: false, batch: false), 58),
        (.phone(.sip, outbound: false, batch: false), 13),
        (.phone(.exotel, outbound: false, batch: false), 5),
        (.phone(.twilio, outbound: true, batch: true), 6),
        (.phone(.twilio, outbound: true, batch: false), 4),
        (.phone(.sip, outbound: true, batch: false), 2),
        (.widget, 5), (.text, 3), (.whatsapp, 2), (.sms, 2),
    ]

    private func line(ofAgent agent: Int, channel: Channel) -> Int? {
        guard case .phone(let carrier, _, _) = channel else { return nil }
        return agents.lines.firstIndex { $0.agent == agent && $0.carrier == carrier }
    }

    private func language(of party: Party, by draw: inout Draw) -> Language {
        switch party {
        case .recipient(let index): people.recipient(index).language
        case .stranger(let serial): people.stranger(serial).language
        case .withheld, .visitor:
            draw.weighted([(.english, 80), (.spanish, 10), (.german, 6), (.french, 4)])
        }
    }
}

// MARK: Who

extension CallPlanner {
    private enum Origin {
        case campaign, early, late, withheld, unknown
    }

    /// How often a drawn recipient is drawn again because the call would be ambiguous.
    private static let redrawsMax = 8

    private func party(
        channel: Channel,
        start: Int,
        index: Int,
        by draw: inout Draw
    ) -> Party {
        switch channel {
        case .widget, .text:
            return .visitor("visitor_" + draw.identifier(length: 16))
        case .whatsapp, .sms:
            return stranger(by: &draw)
        case .phone(let carrier, let outbound, _):
            let origin: Origin =
                outbound
                // Reminder calls reach people of the lists, too, and credit nobody.
                ? draw.weighted([(.campaign, 20), (.unknown, 80)])
                : draw.weighted([
                    (.campaign, 62), (.early, 3), (.late, 3), (.withheld, 6), (.unknown, 26),
                ])
            if origin == .withheld {
                return .withheld(draw.pick(Self.withheldTexts(carrier)))
            }
            for _ in 0..<Self.redrawsMax {
                guard let person = candidate(origin, at: start, by: &draw) else { break }
                if !campaigns.isAmbiguous(person: person, at: start) { return .recipient(person) }
            }
            return stranger(by: &draw)
        }
    }

    private func candidate(_ origin: Origin, at start: Int, by draw: inout Draw) -> Int? {
        switch origin {
        case .campaign: campaigns.respondent(at: start, by: &draw)
        case .early: campaigns.earlyBird(at: start, by: &draw)
        case .late: campaigns.latecomer(at: start, by: &draw)
        case .withheld, .unknown: nil
        }
    }

    private func stranger(by draw: inout Draw) -> Party {
        // Some strangers call again.
        .stranger(draw.int(in: 0..<max(20, settings.calls / 2)))
    }

    /// What carriers send in place of a number that the caller withheld.
    private static func withheldTexts(_ carrier: Carrier) -> [String] {
        switch carrier {
        case .twilio: ["+266696687", "anonymous", "", "+7378742833"]
        case .exotel: ["", "Restricted"]
        case .sip:
            [
                "anonymous", "sip:anonymous@anonymous.invalid", "Restricted", "unavailable", "",
                "Anonymous",
            ]
        }
    }
}

// MARK: What

extension CallPlanner {
    private static func scenarios(channel: Channel, party: Party) -> [(Scenario, Int)] {
        switch channel {
        case .phone(_, outbound: true, _):
            [
                (.outboundBooking, 16), (.notInterested, 26), (.voicemail, 22), (.noAnswer, 16),
                (.busy, 5), (.callbackRequested, 10), (.silentCaller, 5),
            ]
        case .phone:
            if case .recipient = party { answering } else { calling }
        case .widget:
            [
                (.booking, 22), (.priceQuestion, 34), (.openingHours, 20), (.complaint, 8),
                (.failedBooking, 5), (.silentCaller, 5), (.hangUp, 6),
            ]
        case .text, .whatsapp, .sms:
            [
                (.booking, 26), (.priceQuestion, 34), (.openingHours, 24), (.complaint, 8),
                (.failedBooking, 4), (.cancellation, 4),
            ]
        }
    }

    /// People who answer a campaign.
    private static let answering: [(Scenario, Int)] = [
        (.booking, 34), (.bookingRetried, 4), (.bookingByStaff, 4), (.failedBooking, 7),
        (.priceQuestion, 22), (.openingHours, 8), (.complaint, 5), (.silentCaller, 3), (.hangUp, 4),
        (.transferred, 6), (.cancellation, 3),
    ]

    private static let calling: [(Scenario, Int)] = [
        (.booking, 18), (.bookingRetried, 2), (.bookingByStaff, 2), (.failedBooking, 6),
        (.priceQuestion, 17), (.openingHours, 11), (.wrongNumber, 13), (.complaint, 9),
        (.silentCaller, 7), (.hangUp, 6), (.transferred, 6), (.cancellation, 3),
    ]

    /// Transcripts are only deleted days after the call.
    private static let deletedAfter = 3 * 86_400

    private func privacy(start: Int, scenario: Scenario, by draw: inout Draw) -> Privacy {
        let level = draw.fraction()
        guard start < settings.anchor - Self.deletedAfter else { return .kept }
        return level < 0.012 ? .transcriptDeleted : level < 0.02 ? .zeroRetention : .kept
    }

    private func ending(of scenario: Scenario, index: Int, by draw: inout Draw) -> Ending {
        let level = draw.fraction()
        let share = 0.3 + 0.5 * draw.fraction()
        switch special(index) {
        case .fails: return .failed(after: share)
        case .neverFinishes: return .neverFinishes
        case nil: break
        }
        if scenario == .noAnswer || scenario == .busy { return .unanswered }
        if index >= settings.calls && level > 0.98 { return .neverFinishes }
        return level < 0.012 ? .failed(after: share) : .done
    }

    private enum Special {
        case fails, neverFinishes
    }

    /// One of the unfinished calls fails and one never finishes, and so it is with the live ones.
    private func special(_ index: Int) -> Special? {
        let unfinished = index - (settings.calls - settings.unfinished)
        if index < settings.calls, settings.unfinished >= 3 {
            if unfinished == 1 { return .fails }
            if unfinished == 2 { return .neverFinishes }
        }
        if index == settings.calls + 4 { return .fails }
        if index == settings.calls + 8 { return .neverFinishes }
        return nil
    }
}

// MARK: How long

extension CallPlanner {
    private struct Timing {
        var ring: Int
        var talk: Int
        var processing: Int
    }

    private static func timing(
        of scenario: Scenario,
        channel: Channel,
        ending: Ending,
        by draw: inout Draw
    ) -> Timing {
        let range =
            switch scenario {
            case .booking, .outboundBooking: 70...240
            case .bookingRetried: 110...320
            case .bookingByStaff, .transferred: 45...180
            case .failedBooking: 80...260
            case .priceQuestion: 30...120
            case .openingHours: 20...70
            case .cancellation: 40...120
            case .wrongNumber: 9...28
            case .complaint: 80...360
            case .silentCaller: 18...45
            case .hangUp: 3...14
            case .voicemail: 15...40
            case .notInterested: 15...60
            case .callbackRequested: 25...80
            case .noAnswer, .busy: 0...0
            }
        let talk = draw.int(in: range)
        let patience = channel.isTextOnly ? 2 : 1
        let ring: Int
        if ending == .unanswered {
            ring = scenario == .busy ? draw.int(in: 2...5) : draw.int(in: 20...ringMax)
        } else if channel.isOutbound {
            ring = draw.int(in: 4...20)
        } else {
            ring = channel.isPhone ? draw.int(in: 0...1) : 0
        }
        return Timing(
            ring: ring,
            talk: min(talkMax, talk * patience),
            processing: draw.int(in: processingRange)
        )
    }

    /// The calls under way at the anchor last until a moment soon after it.
    private func stretched(
        _ natural: Timing,
        index: Int,
        start: Int,
        ending: Ending
    ) -> Timing {
        guard (settings.calls - settings.unfinished..<settings.calls).contains(index) else {
            return natural
        }
        var draw = Draw(seed: settings.seed, stream: .start, index: -1 - index)
        let lasts = settings.anchor + draw.int(in: 10...120) - start
        var timing = natural
        if ending == .unanswered {
            timing.ring = lasts
            return timing
        }
        timing.ring = min(natural.ring, 5)
        timing.processing = 15
        timing.talk = lasts - timing.ring - timing.processing
        return timing
    }
}
