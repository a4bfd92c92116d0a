/// Names and numbers of the simulated people, generated from their index.
package struct People: Sendable {
    private let seed: UInt64
    private let numbers: NumberPlan

    init(seed: UInt64) {
        self.seed = seed
        numbers = NumberPlan(seed: seed)
    }

    /// A person on a campaign's list.
    package func recipient(_ index: Int) -> Person {
        var draw = Draw(seed: seed, stream: .party, index: index)
        return person(owner: .person, serial: index, by: &draw)
    }

    /// A person on no list.
    func stranger(_ serial: Int) -> Person {
        var draw = Draw(seed: seed, stream: .party, index: -1 - serial)
        return person(owner: .stranger, serial: serial, by: &draw)
    }

    private func person(owner: NumberPlan.Owner, serial: Int, by draw: inout Draw) -> Person {
        let country = draw.weighted(Self.countries)
        let language = draw.weighted(Self.languages(of: country))
        let (firstNames, lastNames) = Self.names(language)
        return Person(
            firstName: draw.pick(firstNames),
            lastName: draw.pick(lastNames),
            number: numbers.number(country, owner: owner, serial: serial),
            language: language
        )
    }

    private static let countries: [(Country, Int)] = [
        (.unitedStates, 78), (.canada, 3), (.unitedKingdom, 5), (.germany, 5), (.austria, 1),
        (.france, 3), (.spain, 2), (.italy, 1), (.australia, 1), (.india, 1),
    ]

    private static func languages(of country: Country) -> [(Language, Int)] {
        switch country {
        case .unitedStates: [(.english, 86), (.spanish, 14)]
        case .canada: [(.english, 75), (.french, 25)]
        case .germany, .austria: [(.german, 95), (.english, 5)]
        case .france: [(.french, 95), (.english, 5)]
        case .spain: [(.spanish, 95), (.english, 5)]
        case .unitedKingdom, .italy, .australia, .india: [(.english, 1)]
        }
    }

    private static func names(_ language: Language) -> (first: [String], last: [String]) {
        switch language {
        case .english:
            (
                [
                    "Olivia", "James", "Emma", "Noah", "Ava", "Liam", "Sophia", "William", "Grace",
                    "Henry", "Chloe", "Lucas", "Mia", "Ethan", "Zoe", "Daniel", "Ruth", "Walter",
                ],
                [
                    "Smith", "Johnson", "Brown", "Taylor", "Miller", "Davis", "Wilson", "Clark",
                    "Lewis", "Walker", "Hall", "Young", "King", "Wright", "Scott", "O'Brien",
                    "Adams", "Baker", "Nelson", "Carter",
                ]
            )
        case .german:
            (
                [
                    "Anna", "Lukas", "Lena", "Felix", "Marie", "Jonas", "Laura", "Paul", "Katrin",
                    "Jürgen", "Sabine", "Björn", "Günther", "Heike",
                ],
                [
                    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner",
                    "Becker", "Schäfer", "Koch", "Bauer", "Groß", "Krüger", "Hofmann",
                ]
            )
        case .spanish:
            (
                [
                    "María", "José", "Lucía", "Carlos", "Carmen", "Javier", "Ana", "Miguel",
                    "Sofía", "Andrés", "Isabel", "Íñigo",
                ],
                [
                    "García", "Martínez", "López", "Sánchez", "Pérez", "Gómez", "Núñez", "Díaz",
                    "Hernández", "Muñoz", "Ortega",
                ]
            )
        case .french:
            (
                [
                    "Camille", "Louis", "Léa", "Hugo", "Chloé", "Jules", "Inès", "François",
                    "Élise",
                    "Théo", "Amélie", "Noël",
                ],
                [
                    "Martin", "Bernard", "Dubois", "Durand", "Lefèvre", "Moreau", "Laurent",
                    "Simon", "Garçon", "Fournier", "Girard", "d'Arcy",
                ]
            )
        }
    }
}

package struct Person: Sendable, Equatable {
    package let firstName: String
    package let lastName: String
    package let number: PhoneNumber
    let language: Language

    package var name: String { firstName + " " + lastName }
}

/// The languages that conversations are held in.
package enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case spanish = "es"
    case french = "fr"
}
