/// What the upstream's analysis says about a finished conversation.
struct Verdict: Sendable {
    enum Result: String, Sendable {
        case success, failure, unknown
    }

    let successful: Result
    /// Result of the criterion `appointment_booked`.
    let criterion: Result
    let criterionRationale: String
    let title: String
    let summary: String
    let appointment: Slot?
    let callerName: String?
    /// What the caller asked to be called back at: a number that fits JSON's integers.
    let callbackNumber: Int?

    /// What a second analysis says: never the same.
    var rerun: Verdict {
        Verdict(
            successful: successful == .success ? .failure : .success,
            criterion: criterion == .success
                ? .success : criterion == .unknown ? .failure : .unknown,
            criterionRationale: criterionRationale,
            title: title,
            summary: summary,
            appointment: appointment,
            callerName: callerName,
            callbackNumber: callbackNumber
        )
    }

    /// The verdict on a call, which is a language model's and so not always what one expects.
    static func on(_ plan: CallPlan, script: Script, person: Person?, seed: UInt64) -> Verdict {
        var draw = Draw(seed: seed, stream: .analysis, index: plan.index)
        let filling = script.filling
        let successful = draw.weighted(successWeights(plan.scenario))
        let booked = script.bookedSlot(plan.scenario)
        let criterion: Result =
            booked != nil
            ? .success : draw.weighted(failedCriterionWeights(plan.scenario))
        let callsBack = plan.scenario == .callbackRequested || plan.scenario == .failedBooking
        return Verdict(
            successful: successful,
            criterion: criterion,
            criterionRationale: rationale(criterion, plan.scenario),
            title: title(plan.scenario),
            summary: summary(plan.scenario, filling),
            appointment: booked,
            callerName: script.turns.contains { turn in
                if case .speech(.giveName, _) = turn.content { true } else { false }
            } ? filling.name : nil,
            callbackNumber: callsBack ? person.flatMap { Int($0.number.e164.dropFirst()) } : nil
        )
    }

    private static func successWeights(_ scenario: Scenario) -> [(Result, Int)] {
        switch scenario {
        case .booking, .bookingRetried, .bookingByStaff, .outboundBooking:
            [(.success, 94), (.unknown, 6)]
        case .failedBooking: [(.failure, 75), (.unknown, 15), (.success, 10)]
        case .priceQuestion, .openingHours: [(.success, 78), (.unknown, 14), (.failure, 8)]
        case .cancellation: [(.success, 85), (.failure, 15)]
        case .transferred: [(.success, 60), (.unknown, 40)]
        case .complaint: [(.failure, 65), (.unknown, 20), (.success, 15)]
        case .wrongNumber: [(.failure, 40), (.unknown, 45), (.success, 15)]
        case .silentCaller: [(.unknown, 55), (.failure, 30), (.success, 15)]
        case .hangUp: [(.unknown, 60), (.failure, 40)]
        case .voicemail: [(.failure, 80), (.success, 20)]
        case .noAnswer, .busy: [(.unknown, 1)]
        case .notInterested: [(.failure, 70), (.unknown, 30)]
        case .callbackRequested: [(.unknown, 60), (.success, 40)]
        }
    }

    private static func failedCriterionWeights(_ scenario: Scenario) -> [(Result, Int)] {
        switch scenario {
        case .failedBooking, .notInterested: [(.failure, 1)]
        case .silentCaller, .hangUp, .voicemail, .transferred: [(.unknown, 3), (.failure, 1)]
        default: [(.failure, 3), (.unknown, 1)]
        }
    }

    private static func rationale(_ criterion: Result, _ scenario: Scenario) -> String {
        switch criterion {
        case .success:
            scenario == .bookingByStaff
                ? "The caller was handed to a colleague, who confirmed the appointment."
                : "The agent offered a time, the caller accepted, and the booking was confirmed."
        case .failure: "No appointment was made during the conversation."
        case .unknown: "The conversation does not show whether an appointment was made."
        }
    }

    private static func title(_ scenario: Scenario) -> String {
        switch scenario {
        case .booking, .bookingRetried, .outboundBooking: "Appointment booked"
        case .bookingByStaff: "Booking handed over"
        case .failedBooking: "Booking failed"
        case .priceQuestion: "Price question"
        case .openingHours: "Opening hours"
        case .cancellation: "Appointment canceled"
        case .wrongNumber: "Wrong number"
        case .complaint: "Complaint"
        case .silentCaller: "Silent caller"
        case .hangUp: "Caller hung up"
        case .transferred: "Transfer to staff"
        case .voicemail: "Voicemail reached"
        case .noAnswer: "No answer"
        case .busy: "Busy"
        case .notInterested: "Not interested"
        case .callbackRequested: "Callback requested"
        }
    }

    private static func summary(_ scenario: Scenario, _ filling: Filling) -> String {
        let text =
            switch scenario {
            case .booking, .outboundBooking:
                "\(filling.name) booked \(filling.service) for \(filling.first.written)."
            case .bookingRetried:
                "The first slot was taken; \(filling.name) booked \(filling.second.written) instead."
            case .bookingByStaff:
                "The caller wanted \(filling.service) and was transferred to a colleague, who booked it."
            case .failedBooking:
                "The caller wanted \(filling.service), but the booking system returned an error."
            case .priceQuestion:
                "The caller asked what \(filling.service) costs and was told the price."
            case .openingHours: "The caller asked for the opening hours."
            case .cancellation: "\(filling.name) canceled an appointment."
            case .wrongNumber: "The caller had dialed a wrong number."
            case .complaint:
                "The caller complained about an earlier visit and wants to be called back."
            case .silentCaller: "Nobody spoke; the agent ended the call."
            case .hangUp: "The caller hung up shortly after the greeting."
            case .transferred: "The caller asked for a person and was transferred."
            case .voicemail: "A voicemail answered; the agent left a message."
            case .noAnswer, .busy: ""
            case .notInterested: "The person called was not interested."
            case .callbackRequested: "The person called asked to be called at another time."
            }
        // Captured payloads end in a newline more often than not.
        return text.isEmpty ? "" : text + "\n"
    }
}
