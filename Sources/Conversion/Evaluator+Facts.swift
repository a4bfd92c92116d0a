import CallStore

/// What is known of a call beside its words.
extension Evaluator {
    func successful(_ wanted: UpstreamResult) -> Finding {
        guard let word = facts.successful else { return .unknown }
        return leaf(Self.truth(of: word, wanted: wanted)) {
            evidence("successful", detail: wanted.rawValue)
        }
    }

    func criterion(_ wanted: CriterionLeaf) -> Finding {
        guard let result = facts.criteria?.first(where: { $0.id == wanted.id }) else {
            return .unknown
        }
        switch wanted.test {
        case .result(let word):
            return leaf(Self.truth(of: result.result, wanted: word)) {
                evidence("criterion", detail: "\(wanted.id) is \(word.rawValue)")
            }
        case .score(let range):
            guard let score = result.score else { return .unknown }
            return leaf(Ternary(range.contains(score))) {
                evidence("criterion", detail: "\(wanted.id) scored \(RuleEcho.number(score))")
            }
        }
    }

    /// Compares the upstream's word with the wanted one; its own "unknown" is unknown to us too.
    private static func truth(of word: String, wanted: UpstreamResult) -> Ternary {
        switch UpstreamResult(rawValue: word) {
        case .unknown?: wanted == .unknown ? .yes : .unknown
        case let result?: Ternary(result == wanted)
        case nil: .unknown
        }
    }

    func number(_ value: Double?, in range: NumberRange, _ kind: String) -> Finding {
        guard let value else { return .unknown }
        return leaf(Ternary(range.contains(value))) {
            evidence(kind, detail: RuleEcho.number(value))
        }
    }

    func duration(_ range: SecondsRange) -> Finding {
        guard let seconds = facts.durationSeconds else { return .unknown }
        let isLong = range.atLeast.map { seconds >= $0 } ?? true
        let isShort = range.atMost.map { seconds <= $0 } ?? true
        return leaf(Ternary(isLong && isShort)) { evidence("duration", detail: "\(seconds) s") }
    }

    func tool(_ wanted: ToolLeaf) -> Finding {
        guard let transcript = facts.transcript else { return .unknown }
        var isOpen = false
        for (index, turn) in transcript.enumerated() {
            switch truth(of: wanted, in: turn) {
            case .yes:
                let detail =
                    wanted.result == nil
                    ? "\(wanted.name) \(wanted.use.rawValue)" : RuleEcho.phrase(.tool(wanted))
                return Finding(
                    truth: .yes,
                    evidence: [evidence("tool", detail: detail, turn: index)]
                )
            case .unknown: isOpen = true
            case .no: break
            }
        }
        return isOpen ? .unknown : .no
    }

    private func truth(of wanted: ToolLeaf, in turn: Turn) -> Ternary {
        let isCalled =
            wanted.use == .called && wanted.result == nil
            && turn.toolCalls.contains { $0.name == wanted.name && $0.wasCalled }
        if isCalled { return .yes }
        let answers = turn.toolResults.filter { result in
            result.name == wanted.name && result.wasCalled
                && (wanted.use == .called || !result.isError)
        }
        guard let check = wanted.result else { return Ternary(!answers.isEmpty) }
        return Ternary.any(
            answers.map { answer in
                check.path.value(in: answer.value)
                    .map { DataComparison.truth(of: $0, test: check.test) } ?? .unknown
            }
        )
    }

    func data(_ wanted: DataLeaf) -> Finding {
        guard let collected = facts.collected else { return .unknown }
        let found = collected.first { $0.id == wanted.id }?.value ?? .null
        return leaf(DataComparison.truth(of: found, test: wanted.test)) {
            evidence("data", detail: RuleEcho.phrase(.data(wanted)))
        }
    }

    func word(_ word: CallWord, _ values: [String]) -> Finding {
        let found: String? =
            switch word {
            case .direction: facts.direction?.rawValue
            case .agent: facts.agentID
            case .language: facts.language
            case .channel: facts.channel?.rawValue
            case .ended: facts.terminationReason
            case .sentiment: facts.sentiment
            }
        guard let found else { return .unknown }
        return leaf(word.truth(of: found, isIn: values)) {
            evidence(word.rawValue, detail: found)
        }
    }

    func caller(_ wanted: CallerLeaf) -> Finding {
        let truth: Bool? =
            switch wanted {
            case .firstTime: facts.isFirstTime
            case .withheld: facts.isWithheld
            case .onList(let name): facts.callerLists?.contains(name)
            }
        guard let truth else { return .unknown }
        return leaf(Ternary(truth)) {
            evidence("caller", detail: RuleEcho.phrase(.caller(wanted)))
        }
    }

    func campaign(_ wanted: CampaignLeaf) -> Finding {
        guard let campaign = facts.campaign else { return .unknown }
        let truth =
            switch (wanted, campaign) {
            case (.any, .one), (.none, .none): true
            case (.any, .none), (.none, .one), (.oneOf, .none): false
            case (.oneOf(let names), .one(let id, let name)):
                names.contains { $0 == name || $0 == "\(id)" }
            }
        return leaf(Ternary(truth)) {
            evidence("campaign", detail: RuleEcho.phrase(.campaign(wanted)))
        }
    }
}

extension CallWord {
    /// Texts are compared as they are; `de` stands for `de-AT`, too.
    func truth(of found: String, isIn values: [String]) -> Ternary {
        guard self == .language else { return Ternary(values.contains(found)) }
        let language = found.lowercased().replacing("_", with: "-")
        return Ternary(
            values.contains { value in
                let wanted = value.lowercased()
                return language == wanted || language.hasPrefix(wanted + "-")
            }
        )
    }
}
