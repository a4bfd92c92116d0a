/// The companies that carry a call, as the upstream names them.
package enum Carrier: String, Sendable {
    case twilio, exotel
    case sip = "sip_trunk"
}

/// A telephone number of ours.
package struct AgentLine: Sendable {
    package let identifier: String
    package let carrier: Carrier
    package let number: PhoneNumber
    package let label: String
    package let agent: Int
}

/// A voice agent of the workspace: a small business and its lines.
package struct Agent: Sendable {
    package let identifier: String
    package let name: String
    let trade: Trade
    let voice: String
    let created: Int
    let updated: Int
    /// Whether it stands in the list; calls may name an agent that is gone.
    let isListed: Bool
    let hasSentiment: Bool
    /// Whether calls are judged by criteria and data collection, as most agents' are.
    let hasCriteria: Bool
    package let lines: [AgentLine]
}

/// What the businesses do; it decides what is asked for and what it costs.
enum Trade: Int, CaseIterable, Sendable {
    case dentist, garage, physiotherapy, salon, plumbing, vet

    var names: [String] {
        switch self {
        case .dentist: ["Hill Street Dental", "Bright Smile Dentistry", "Lakeside Dental Care"]
        case .garage: ["Northgate Auto Service", "Miller & Sons Garage", "Eastside Tire & Brake"]
        case .physiotherapy: ["Balance Physiotherapy", "Motion Works Physio"]
        case .salon: ["Salon Aurelia", "The Cutting Room", "Studio Nine Hair"]
        case .plumbing: ["Clearwater Plumbing", "Rapid Pipe & Drain"]
        case .vet: ["Meadow Animal Clinic", "Paws & Co. Veterinary"]
        }
    }

    /// Price of each service in whole units of the caller's currency.
    var prices: [Int] {
        switch self {
        case .dentist: [95, 60, 240]
        case .garage: [89, 45, 180]
        case .physiotherapy: [70, 110, 55]
        case .salon: [48, 120, 35]
        case .plumbing: [130, 95, 320]
        case .vet: [65, 40, 150]
        }
    }
}

/// Agents and lines of a world.
package struct Agents: Sendable {
    package let all: [Agent]
    package let lines: [AgentLine]

    /// From this many agents on one of them is missing from the list.
    private static let goneFrom = 4

    init(_ settings: WorldSettings) {
        let numbers = NumberPlan(seed: settings.seed)
        all = (0..<settings.agents).map { index in
            var draw = Draw(seed: settings.seed, stream: .agent, index: index)
            let trade = Trade.allCases[index % Trade.allCases.count]
            let name = trade.names[index / Trade.allCases.count % trade.names.count]
            let round = index / (Trade.allCases.count * 3)
            let created = settings.anchor - draw.int(in: 200...500) * 86_400
            return Agent(
                identifier: "agent_" + draw.identifier(length: 28),
                name: round == 0 ? name : "\(name) \(round + 1)",
                trade: trade,
                voice: draw.identifier(length: 20),
                created: created,
                updated: created + draw.int(in: 1...150) * 86_400,
                isListed: !(settings.agents >= Self.goneFrom && index == settings.agents - 1),
                hasSentiment: index % 3 == 0,
                hasCriteria: index % 5 != 4,
                lines: Self.lines(ofAgent: index, name: name, numbers: numbers, by: &draw)
            )
        }
        lines = all.flatMap(\.lines)
    }

    private static func lines(
        ofAgent agent: Int,
        name: String,
        numbers: NumberPlan,
        by draw: inout Draw
    ) -> [AgentLine] {
        let carriers: [Carrier] = [.twilio, .sip, .exotel]
        return carriers.enumerated().map { position, carrier in
            AgentLine(
                identifier: "phnum_" + draw.identifier(length: 28),
                carrier: carrier,
                number: numbers.number(
                    carrier == .exotel ? .india : .unitedStates,
                    owner: .agent,
                    serial: agent * carriers.count + position
                ),
                label: "\(name), line \(position + 1)",
                agent: agent
            )
        }
    }
}
