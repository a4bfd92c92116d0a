extension CallRecord {
    /// `ConversationHistoryAnalysisCommonModel`; null until the conversation is done.
    var analysis: JSON {
        guard hasAnalysis else { return nil }
        let criteria = criteria
        let collected = collectedData
        return [
            "evaluation_criteria_results": criteria,
            "data_collection_results": collected,
            "evaluation_criteria_results_list": criteria.values,
            "data_collection_results_list": collected.values,
            "call_successful": .string(verdict.successful.rawValue),
            "call_success_score": nil,
            "transcript_summary": .string(showsWords ? verdict.summary : ""),
            "call_summary_title": JSON(showsWords ? verdict.title : nil),
            "scoped": nil,
        ]
    }

    /// Results of the criteria by their identifier.
    var criteria: JSON {
        guard showsCriteria else { return [:] }
        var results: JSON = [
            "appointment_booked": Self.criterion(
                "appointment_booked",
                verdict.criterion,
                verdict.criterionRationale
            )
        ]
        if plan.agent % 3 == 1 {
            let upset = plan.scenario == .complaint
            results["courteous_tone"] = Self.criterion(
                "courteous_tone",
                upset ? .unknown : .success,
                upset ? "The caller was too upset to judge it." : "The agent stayed friendly."
            )
        }
        return results
    }

    private static func criterion(
        _ identifier: String,
        _ result: Verdict.Result,
        _ rationale: String
    ) -> JSON {
        [
            "criteria_id": .string(identifier),
            "result": .string(result.rawValue),
            "rationale": .string(rationale),
            "scoring_mode": "binary",
            "score": nil,
            "max_score": nil,
        ]
    }

    /// Collected data by their identifier.
    var collectedData: JSON {
        guard showsCriteria else { return [:] }
        let nothing = "The conversation does not say."
        return [
            "appointment_time": Self.datum(
                "appointment_time",
                JSON(verdict.appointment?.written),
                type: "string",
                description: "Local time of the appointment that was made, ISO 8601",
                rationale: verdict.appointment == nil ? nothing : "The agent confirmed this time."
            ),
            "caller_name": Self.datum(
                "caller_name",
                JSON(verdict.callerName),
                type: "string",
                description: "First and last name of the caller",
                rationale: verdict.callerName == nil ? nothing : "The caller gave the name."
            ),
            "callback_number": Self.datum(
                "callback_number",
                JSON(verdict.callbackNumber),
                type: "integer",
                description: "Number to call back",
                rationale: verdict.callbackNumber == nil ? nothing : "The number of the call."
            ),
            "reason_for_call": Self.datum(
                "reason_for_call",
                .string(reason),
                type: "string",
                description: "Why the person called",
                rationale: "Taken from the caller's first sentences."
            ),
        ]
    }

    private var reason: String {
        switch plan.scenario {
        case .booking, .bookingRetried, .bookingByStaff, .failedBooking, .outboundBooking: "booking"
        case .priceQuestion: "price"
        case .openingHours: "hours"
        case .cancellation: "cancellation"
        case .complaint: "complaint"
        default: "other"
        }
    }

    private static func datum(
        _ identifier: String,
        _ value: JSON,
        type: String,
        description: String,
        rationale: String
    ) -> JSON {
        let schema: JSON = [
            "type": .string(type), "description": .string(description), "enum": nil,
            "is_system_provided": false, "dynamic_variable": "", "allowed_values": nil,
            "allowed_values_dynamic_variable": nil, "constant_value": "", "is_omitted": false,
        ]
        return [
            "data_collection_id": .string(identifier),
            "name": .string(identifier),
            "value": value,
            "json_schema": schema,
            "rationale": .string(rationale),
        ]
    }
}

extension JSON {
    /// The members' values as a list.
    fileprivate var values: JSON {
        guard case .object(let members) = self else { return [] }
        return .array(members.map(\.value))
    }
}
