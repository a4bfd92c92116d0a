/// A telephone number of a simulated person, in the parts that the many spellings need.
package struct PhoneNumber: Sendable, Equatable, Hashable {
    package let country: Country
    /// The digits after the country code.
    package let national: String

    /// The number as ITU E.164 writes it.
    package var e164: String { "+" + country.code + national }
}

/// The countries that numbers come from.
///
/// The prefixes are ranges in which libphonenumber 8.12 and 9 take every number for valid, and
/// for one of that country; the exchanges of the US leave out 555.
package enum Country: Int, Sendable, CaseIterable {
    case unitedStates, canada, unitedKingdom, germany, austria, france, spain, italy, australia
    case india

    package var code: String {
        switch self {
        case .unitedStates, .canada: "1"
        case .unitedKingdom: "44"
        case .germany: "49"
        case .austria: "43"
        case .france: "33"
        case .spain: "34"
        case .italy: "39"
        case .australia: "61"
        case .india: "91"
        }
    }

    /// What a national spelling starts with.
    var trunkPrefix: String {
        switch self {
        case .unitedStates, .canada, .spain, .italy: ""
        case .unitedKingdom, .germany, .austria, .france, .australia, .india: "0"
        }
    }

    /// Leading digits of the national number, and how many digits follow them.
    var ranges: (prefixes: [String], digits: Int) {
        switch self {
        case .unitedStates: (Self.unitedStatesPrefixes, 6)
        case .canada: (["4162", "6042", "4163", "6043"], 6)
        case .unitedKingdom:
            (["7400", "7712", "7713", "7801", "7802", "7876", "7412", "7912", "7931"], 6)
        case .germany: (["1511", "1512", "1514", "1515", "1516", "1520"], 7)
        case .austria: (["664", "676"], 7)
        case .france: (["60", "61", "62", "66", "68"], 7)
        case .spain: (["60", "61", "62", "65", "66"], 7)
        case .italy: (["347", "333", "340"], 7)
        case .australia: (["412", "418", "438", "401"], 6)
        case .india: (["9811", "9820", "9821", "9830", "9845", "9876"], 6)
        }
    }

    /// How many numbers the ranges hold.
    var capacity: Int {
        (0..<ranges.digits).reduce(ranges.prefixes.count) { count, _ in count * 10 }
    }

    private static let unitedStatesPrefixes: [String] = [
        "205", "212", "213", "214", "215", "216", "206", "303", "305", "312", "313", "314", "315",
        "310", "404", "405", "407", "408", "412", "414", "415", "469", "470", "480", "503", "504",
        "510", "512", "513", "515", "602", "603", "612", "614", "615", "617", "619", "702", "703",
        "704", "713", "714", "716", "718", "720", "727", "732", "757", "770", "773", "801", "802",
        "804", "808", "813", "816", "818", "832", "845", "847", "858", "860", "862", "901", "904",
        "908", "910", "913", "914", "916", "917", "919", "925", "937", "941", "949", "951", "952",
        "954", "970", "972", "978", "980",
    ].flatMap { area in ["2", "3", "4", "6", "7", "8", "9"].map { area + $0 } }
}

/// Gives out numbers: another serial is another number, within a country and a world.
package struct NumberPlan: Sendable {
    private let seed: UInt64
    /// Steps through each country's range, by the country's raw value.
    private let strides: [Int]

    package init(seed: UInt64) {
        self.seed = seed
        strides = Country.allCases.map { Self.stride(through: $0.capacity) }
    }

    /// A step of about the golden ratio, which scatters neighbours widely, and which shares no
    /// factor with the capacity, so that no place comes twice.
    private static func stride(through capacity: Int) -> Int {
        var stride = Int(Double(capacity) * 0.618) | 1
        while greatestCommonDivisor(stride, capacity) != 1 { stride += 2 }
        return stride
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }

    /// Whom a number belongs to; the classes never share one.
    package enum Owner: Int {
        case person, stranger, agent, destination
    }

    /// One residue for each owner.
    private static let owners = 4

    /// The number of the `serial`-th owner of a class.
    ///
    /// Serials below a quarter of the country's capacity, at least 500,000, never collide.
    package func number(_ country: Country, owner: Owner, serial: Int) -> PhoneNumber {
        let (prefixes, digits) = country.ranges
        let capacity = country.capacity
        let lines = capacity / prefixes.count
        var draw = Draw(seed: seed, stream: .number, index: country.rawValue)
        let offset = draw.int(in: 0..<capacity)
        let position = (serial * Self.owners + owner.rawValue) % capacity
        let place = (position * strides[country.rawValue] + offset) % capacity
        let line = String(place % lines)
        let padding = String(repeating: "0", count: digits - line.count)
        return PhoneNumber(
            country: country,
            national: prefixes[place / lines] + padding + line
        )
    }
}

extension PhoneNumber {
    /// One of the spellings that people use in lists; every one means this number to a reader
    /// whose default region is the US and who takes a leading `00` for a plus.
    package func spelled(by draw: inout Draw) -> String {
        switch country {
        case .unitedStates, .canada: northAmerican(draw.int(in: 0..<12))
        default: international(draw.int(in: 0..<7))
        }
    }

    private func northAmerican(_ style: Int) -> String {
        let area = national.prefix(3)
        let exchange = national.dropFirst(3).prefix(3)
        let line = national.suffix(4)
        return switch style {
        case 0, 1: e164
        case 2: "+1 (\(area)) \(exchange)-\(line)"
        case 3: "\(area)-\(exchange)-\(line)"
        case 4: "(\(area)) \(exchange)-\(line)"
        case 5: "1\(national)"
        case 6: "001\(national)"
        case 7: "1-\(area)-\(exchange)-\(line)"
        case 8: "  +1 \(area) \(exchange) \(line) "
        case 9: "tel:+1-\(area)-\(exchange)-\(line)"
        case 10: "whatsapp:\(e164)"
        default: "\(area).\(exchange).\(line)"
        }
    }

    private func international(_ style: Int) -> String {
        let head = national.prefix(3)
        let middle = national.dropFirst(3).prefix(3)
        let rest = national.dropFirst(6)
        return switch style {
        case 0, 1: e164
        case 2: "+\(country.code) \(head) \(middle) \(rest)"
        case 3: "00\(country.code)\(national)"
        case 4: "00 \(country.code) \(head) \(middle)\(rest)"
        case 5: "tel:\(e164)"
        default:
            // The bracketed trunk prefix is a British and German habit.
            country.trunkPrefix.isEmpty
                ? "+\(country.code) \(national)"
                : "+\(country.code) (\(country.trunkPrefix)) \(head) \(middle)\(rest)"
        }
    }
}
