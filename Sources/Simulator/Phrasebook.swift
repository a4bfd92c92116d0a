/// What somebody says at a point of a conversation.
enum Act: Sendable, CaseIterable {
    // The agent, answering.
    case greet, askWhen, offerSlot, offerOther, askName, confirmBooked, bye, bookingFailed
    case tellPrice, tellHours, notUs, empathize, promiseCallback, silentPrompt, silentBye
    case transferring, confirmCancel, anythingElse
    // The caller.
    case askBooking, preferTime, acceptSlot, giveName, thanks, okBye, askPrice, thinkAboutIt
    case askHours, wrongNumber, sorryWrong, complain, demand, hello, askHuman, askCancel
    // On calls that we make.
    case outboundOpening, politeBye, askCallback, confirmCallback, voicemailMessage
    case voicemailGreeting, notInterested, interested, busyNow, laterTime
}

/// The sentences of one language, several for each act, with places to fill in.
struct Phrasebook: Sendable {
    let sentences: [Act: [String]]
    /// Sunday first.
    let weekdays: [String]
    /// What each trade offers, in the order of `Trade.prices`.
    let services: [Trade: [String]]

    static func of(_ language: Language) -> Phrasebook {
        switch language {
        case .english: english
        case .german: german
        case .spanish: spanish
        case .french: french
        }
    }
}

/// What is filled into a sentence.
struct Filling: Sendable {
    var business: String
    var service: String
    var name: String
    var first: Slot
    var second: Slot
    var price: Int
    var language: Language

    /// A sentence with its places filled in: `{biz}`, `{svc}`, `{name}`, `{slot}`, `{other}`,
    /// `{price}`.
    func fill(_ sentence: String) -> String {
        guard sentence.utf8.contains(0x7B) else { return sentence }
        var text = ""
        var rest = Substring(sentence)
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            let afterOpen = rest[rest.index(after: open)...]
            guard let close = afterOpen.firstIndex(of: "}") else { break }
            text += value(of: afterOpen[..<close])
            rest = afterOpen[afterOpen.index(after: close)...]
        }
        return text + rest
    }

    private func value(of place: Substring) -> String {
        switch place {
        case "biz": business
        case "svc": service
        case "name": name
        case "slot": first.spoken(in: language)
        case "other": second.spoken(in: language)
        case "price": spokenPrice
        default: preconditionFailure("A sentence names a place that nothing fills: \(place)")
        }
    }

    private var spokenPrice: String {
        switch language {
        case .english: "$\(price)"
        case .german: "\(price) Euro"
        case .spanish: "\(price) euros"
        case .french: "\(price) euros"
        }
    }
}

/// A time that can be booked.
struct Slot: Sendable, Equatable {
    /// Unix seconds of the local time, as if it were UTC.
    let moment: Int

    /// As the booking system writes it: local time without a zone.
    var written: String {
        let time = CivilTime(unix: moment)
        return "\(time.date)T\(time.clock):00"
    }

    func spoken(in language: Language) -> String {
        let time = CivilTime(unix: moment)
        let day = Phrasebook.of(language).weekdays[time.weekday]
        let minutes = time.minute == 0 ? "" : String(time.minute)
        switch language {
        case .english:
            let half = time.hour < 12 ? "am" : "pm"
            let hour = time.hour > 12 ? time.hour - 12 : time.hour
            return "\(day) at \(hour)\(minutes.isEmpty ? "" : ":\(minutes)") \(half)"
        case .german:
            return "\(day) um \(time.hour)\(minutes.isEmpty ? "" : ":\(minutes)") Uhr"
        case .spanish:
            return "el \(day) a las \(time.hour):\(minutes.isEmpty ? "00" : minutes)"
        case .french:
            return "\(day) à \(time.hour) h\(minutes.isEmpty ? "" : " \(minutes)")"
        }
    }
}
