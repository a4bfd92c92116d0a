/// How a campaign reaches people, and how long a call may be credited to it.
package enum CampaignChannel: String, Sendable, CaseIterable {
    case mail, sms, email

    /// Length of the attribution window after delivery.
    package var windowSeconds: Int {
        switch self {
        case .mail: 90 * 86_400
        case .sms, .email: 30 * 86_400
        }
    }

    /// After how many days the calls that a delivery causes have fallen to half.
    var halfwayDays: Double {
        switch self {
        case .mail: 9
        case .sms: 2
        case .email: 3
        }
    }
}

package struct Campaign: Sendable {
    package let name: String
    package let channel: CampaignChannel
    /// Start of the references of its recipients.
    let code: String
}

/// One delivery of a campaign to a row of people who stand side by side.
struct Drop: Sendable {
    let campaign: Int
    /// Midnight UTC of the day of delivery.
    let day: Int
    /// Of the people.
    let people: Range<Int>

    /// The people of this drop who may call because of it.
    ///
    /// They stand first; what the file shows is shuffled. Nobody with a spoilt number is among
    /// them.
    var callers: Range<Int> {
        let count = (Double(people.count) * Campaigns.callerShare).rounded(.up)
        return people.lowerBound..<people.lowerBound + Int(count)
    }
}

/// A campaign's contact with one person: a row of the recipients file.
package struct Touch: Sendable, Equatable {
    package let campaign: Int
    /// The campaign's own name for the recipient.
    package let reference: String
    package let sent: Int
    /// Missing in the file for some; then the window starts when it was sent.
    package let delivered: Int?

    /// When the attribution window opens.
    package var opens: Int { delivered ?? sent }
}

/// The campaigns of a world, their deliveries and the people they reached.
package struct Campaigns: Sendable {
    package let all: [Campaign]
    /// How many people are on at least one list.
    package let peopleCount: Int
    let drops: [Drop]
    private let seed: UInt64

    /// Share of each delivery's people who may call because of it.
    static let callerShare = 0.3
    /// Share of the people who are on the list of a second campaign, too.
    private static let secondTouchShare = 0.09
    /// Least time between two deliveries to one person, so that the last one is clear.
    private static let touchesApart = 3 * 86_400
    private static let namesMax = 40

    init(_ settings: WorldSettings) {
        seed = settings.seed
        let count = min(Self.namesMax, 5 + settings.days / 20)
        all = (0..<count).map(Self.campaign)
        let people = max(40, settings.calls * 5 / 4)
        peopleCount = people
        drops = Self.drops(of: all, people: people, settings)
    }

    private static func campaign(_ index: Int) -> Campaign {
        let channels: [CampaignChannel] = [.mail, .sms, .email, .mail, .email]
        let channel = channels[index % channels.count]
        let themes = [
            "Spring", "Recall", "Welcome", "New neighbor", "Summer", "Autumn", "Reminder", "Winter",
        ]
        let theme = themes[index % themes.count]
        let suffix = index < themes.count ? "" : " \(index / themes.count + 1)"
        let kind =
            switch channel {
            case .mail: "mailer"
            case .sms: "text"
            case .email: "email"
            }
        let initial = String(theme.prefix(2)).uppercased()
        return Campaign(
            name: "\(theme) \(kind)\(suffix)",
            channel: channel,
            code: "\(initial)\(index + 1)"
        )
    }

    /// The first delivery lies before the first call, the last one before the last.
    private static func drops(
        of campaigns: [Campaign],
        people: Int,
        _ settings: WorldSettings
    ) -> [Drop] {
        var days: [(campaign: Int, day: Int)] = []
        let first = settings.anchor - settings.days * 86_400 - 20 * 86_400
        let span = settings.anchor - 4 * 86_400 - first
        for index in campaigns.indices {
            var draw = Draw(seed: settings.seed, stream: .campaign, index: index)
            let start = first + span / campaigns.count * index
            let parts = draw.int(in: 1...3)
            for part in 0..<parts {
                let moment = start + part * draw.int(in: 4...6) * 86_400
                guard part == 0 || moment < settings.anchor - 2 * 86_400 else { continue }
                days.append((index, moment / 86_400 * 86_400))
            }
        }
        return days.enumerated().map { position, drop in
            let from = people * position / days.count
            let to = people * (position + 1) / days.count
            return Drop(campaign: drop.campaign, day: drop.day, people: from..<to)
        }
    }

    /// The delivery that a person stands in.
    func drop(ofPerson person: Int) -> Int {
        var low = 0
        var high = drops.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if drops[middle].people.lowerBound <= person { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Every contact of the campaigns with a person, in the order of the opening windows.
    package func touches(ofPerson person: Int) -> [Touch] {
        let home = drop(ofPerson: person)
        let first = touch(of: drops[home], person: person, second: false)
        guard let other = secondDrop(ofPerson: person, home: home) else { return [first] }
        let second = touch(of: drops[other], person: person, second: true)
        return first.opens <= second.opens ? [first, second] : [second, first]
    }

    private func secondDrop(ofPerson person: Int, home: Int) -> Int? {
        var draw = Draw(seed: seed, stream: .person, index: person)
        guard draw.chance(Self.secondTouchShare) else { return nil }
        let other = draw.int(in: 0..<drops.count)
        guard drops[other].campaign != drops[home].campaign,
            abs(drops[other].day - drops[home].day) >= Self.touchesApart
        else { return nil }
        return other
    }

    private func touch(of drop: Drop, person: Int, second: Bool) -> Touch {
        var draw = Draw(seed: seed, stream: .touch, index: second ? -person - 1 : person)
        let campaign = all[drop.campaign]
        let reference = "\(campaign.code)-\(100_000 + person)"
        switch campaign.channel {
        case .mail:
            let delivered = drop.day + draw.int(in: 14 * 3_600..<23 * 3_600)
            let sent = drop.day - draw.int(in: 3...5) * 86_400 + draw.int(in: 13...16) * 3_600
            return Touch(
                campaign: drop.campaign,
                reference: reference,
                sent: sent,
                delivered: delivered
            )
        case .sms, .email:
            let sent = drop.day + draw.int(in: 14 * 3_600..<22 * 3_600)
            let unknown = draw.chance(0.08)
            let delay = draw.int(in: 1...(campaign.channel == .sms ? 20 : 90))
            return Touch(
                campaign: drop.campaign,
                reference: reference,
                sent: sent,
                delivered: unknown ? nil : sent + delay
            )
        }
    }

    /// The contact that a call at `moment` is credited to: the last one whose window is open.
    package func credited(person: Int, at moment: Int) -> Touch? {
        touches(ofPerson: person).last { touch in
            touch.opens <= moment
                && moment - touch.opens <= all[touch.campaign].channel.windowSeconds
        }
    }

    /// Whether a call at `moment` lies so near an edge that two readers of the rules could
    /// disagree: at the second of a delivery, or within a day and a half of a window's end.
    func isAmbiguous(person: Int, at moment: Int) -> Bool {
        touches(ofPerson: person).contains { touch in
            let age = moment - touch.opens
            let left = all[touch.campaign].channel.windowSeconds - age
            return abs(age) < 120 || abs(moment - touch.sent) < 120 || abs(left) < 36 * 3_600
        }
    }
}

extension Campaigns {
    /// Somebody who calls at `moment` because of a campaign; nil when no window is open.
    func respondent(at moment: Int, by draw: inout Draw) -> Int? {
        let weights = drops.map { drop -> Int in
            let channel = all[drop.campaign].channel
            // Delivered at the latest when the day is over, and clear of the window's end.
            let age = moment - drop.day - 86_400
            guard age > 0, age < channel.windowSeconds - 4 * 86_400, !drop.callers.isEmpty else {
                return 0
            }
            let halves = Double(age) / 86_400 / channel.halfwayDays
            return 1 + Int(10_000 * Double(drop.callers.count) / (1 + halves * halves))
        }
        return person(weights, by: &draw) { $0.callers }
    }

    /// Somebody whom a campaign will reach only within the two weeks after `moment`.
    func earlyBird(at moment: Int, by draw: inout Draw) -> Int? {
        let weights = drops.map { drop in
            (86_400...14 * 86_400).contains(drop.day - moment) ? drop.people.count : 0
        }
        return person(weights, by: &draw) { $0.people }
    }

    /// Somebody whose window closed before `moment`.
    func latecomer(at moment: Int, by draw: inout Draw) -> Int? {
        let weights = drops.map { drop in
            let late = moment - drop.day - all[drop.campaign].channel.windowSeconds
            return (3 * 86_400...60 * 86_400).contains(late) ? drop.people.count : 0
        }
        return person(weights, by: &draw) { $0.people }
    }

    private func person(
        _ weights: [Int],
        by draw: inout Draw,
        from people: (Drop) -> Range<Int>
    ) -> Int? {
        let total = weights.reduce(0, +)
        guard total > 0 else { return nil }
        var left = draw.int(in: 0..<total)
        for (position, weight) in weights.enumerated() {
            if left < weight {
                let range = people(drops[position])
                return range.isEmpty ? nil : draw.int(in: range)
            }
            left -= weight
        }
        return nil
    }
}
