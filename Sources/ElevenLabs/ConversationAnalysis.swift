/// What the platform's language models made of a finished conversation.
package struct ConversationAnalysis: Sendable, Hashable {
    package var callSuccessful: EvaluationResult?
    package var callSuccessScore: Double?

    /// May end in a newline.
    package var summary: String?
    package var title: String?

    /// By id, each once.
    package var criteria: [CriterionResult]

    /// By id, each once.
    package var data: [CollectedDatum]
}

/// One criterion's verdict.
package struct CriterionResult: Sendable, Hashable {
    package var id: String
    package var result: EvaluationResult?
    package var rationale: String?
    package var scoringMode: String?
    package var score: Double?
    package var maxScore: Double?
}

/// One value that was looked for in the conversation.
package struct CollectedDatum: Sendable, Hashable {
    package var id: String
    package var name: String?

    /// Nil when it was not found.
    package var value: JSONValue?

    /// The type that the schema asks for: `boolean`, `string`, `integer` or `number`.
    package var type: String?
    package var rationale: String?
}

extension ConversationAnalysis {
    init(fields: Fields) {
        self.init(
            callSuccessful: fields.open("call_successful"),
            callSuccessScore: fields.number("call_success_score"),
            summary: fields.word("transcript_summary"),
            title: fields.word("call_summary_title"),
            criteria: Self.results(
                in: fields,
                "evaluation_criteria_results",
                id: \.id,
                CriterionResult.init(fields:id:)
            ),
            data: Self.results(
                in: fields,
                "data_collection_results",
                id: \.id,
                CollectedDatum.init(fields:id:)
            )
        )
    }

    /// Reads results from the object by id and from the newer list beside it.
    private static func results<Result>(
        in fields: Fields,
        _ name: String,
        id: (Result) -> String,
        _ make: (Fields, String?) -> Result?
    ) -> [Result] {
        var byID: [String: Result] = [:]
        for fields in fields.rows(name + "_list") {
            if let result = make(fields, nil) { byID[id(result)] = result }
        }
        for member in fields.members(name) {
            let path = "\(name).\(member.name)."
            guard let row = Fields(member.value, path: path, oddities: fields.oddities) else {
                fields.oddities.note(path)
                continue
            }
            if let result = make(row, member.name) { byID[id(result)] = result }
        }
        return byID.values.sorted { id($0) < id($1) }
    }
}

extension CriterionResult {
    /// Reads a verdict; the key that it stands under wins over the id in it.
    fileprivate init?(fields: Fields, id: String?) {
        guard let id = id ?? fields.word("criteria_id") else { return nil }
        self.init(
            id: id,
            result: fields.open("result"),
            rationale: fields.word("rationale"),
            scoringMode: fields.word("scoring_mode"),
            score: fields.number("score"),
            maxScore: fields.number("max_score")
        )
    }
}

extension CollectedDatum {
    /// Reads a value; the key that it stands under wins over the id in it.
    fileprivate init?(fields: Fields, id: String?) {
        guard let id = id ?? fields.word("data_collection_id") else { return nil }
        self.init(
            id: id,
            name: fields.word("name"),
            value: fields.value("value"),
            type: fields.fields("json_schema")?.word("type"),
            rationale: fields.word("rationale")
        )
    }
}
