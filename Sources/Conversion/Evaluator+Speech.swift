import CallStore

/// What is said in a call.
extension Evaluator {
    func turns(_ count: TurnCount) -> Finding {
        guard let transcript = facts.transcript else { return .unknown }
        let counted = transcript.indices.filter { index in
            count.speaker.matches(transcript[index].speaker) && hasWords(index)
        }
        let isEnough = count.atLeast.map { counted.count >= $0 } ?? true
        let isFewEnough = count.atMost.map { counted.count <= $0 } ?? true
        return leaf(Ternary(isEnough && isFewEnough)) {
            // The turn with which the count was reached shows it.
            let reaching = count.atLeast.flatMap { $0 >= 1 ? counted[$0 - 1] : nil }
            let who = RuleEcho.speaker(count.speaker)
            return evidence("turns", detail: "\(counted.count) turns of \(who)", turn: reaching)
        }
    }

    func phrase(_ leaf: PhraseLeaf) -> Finding {
        guard facts.transcript != nil else { return .unknown }
        let found = leaf.phrases.compactMap { phrase in
            said(phrase, as: leaf, after: nil).map { place in
                evidence("phrase", detail: phrase, turn: place.turn, characters: place.characters)
            }
        }
        return found.count >= leaf.needed ? Finding(truth: .yes, evidence: found) : .no
    }

    /// Where there is no place to come after, nothing was said after it.
    func notPhrase(_ leaf: PhraseLeaf, after: Condition?) -> Finding {
        guard facts.transcript != nil else { return .unknown }
        var start: Place?
        if let after {
            let finding = finding(after)
            switch finding.truth {
            case .unknown: return .unknown
            case .no:
                return Finding(truth: .yes, evidence: [absence(.notPhrase(leaf, after: after))])
            case .yes:
                start = finding.evidence.first { $0.turn != nil }.flatMap(Place.init)
            }
        }
        let found = leaf.phrases.count { said($0, as: leaf, after: start) != nil }
        guard found < leaf.needed else { return .no }
        return Finding(truth: .yes, evidence: [absence(.notPhrase(leaf, after: after))])
    }

    func reply(_ leaf: ReplyLeaf) -> Finding {
        guard let transcript = facts.transcript else { return .unknown }
        let wanted: Ternary = leaf.answer == .affirms ? .yes : .no
        for (index, turn) in transcript.enumerated() where turn.speaker == leaf.asker {
            guard let question = question(leaf.phrases, in: index) else { continue }
            let answers = transcript.indices.filter { later in
                later > index && transcript[later].speaker != leaf.asker && hasWords(later)
            }
            for later in answers.prefix(leaf.withinTurns) {
                guard let reply = call.spoken[later].answer() else { continue }
                guard reply.answer == wanted else { break }
                let characters = call.spoken[later].words.characters(of: reply.place)
                return Finding(
                    truth: .yes,
                    evidence: [
                        evidence(
                            "reply",
                            detail: question.phrase,
                            turn: index,
                            characters: question.characters
                        ),
                        evidence(
                            "reply",
                            detail: leaf.answer.rawValue,
                            turn: later,
                            characters: characters
                        ),
                    ]
                )
            }
        }
        return .no
    }

    private func question(
        _ phrases: [String],
        in turn: Int
    ) -> (phrase: String, characters: Range<Int>)? {
        let spoken = call.spoken[turn]
        for phrase in phrases {
            let place = spoken.places(of: phrase).first { spoken.isAsked($0) }
            if let place { return (phrase, spoken.words.characters(of: place)) }
        }
        return nil
    }

    private func hasWords(_ turn: Int) -> Bool { !call.spoken[turn].words.words.isEmpty }

    /// Where something is said.
    private struct Place {
        var turn: Int
        var characters: Range<Int>

        init(turn: Int, characters: Range<Int>) {
            self.turn = turn
            self.characters = characters
        }

        init?(_ evidence: Evidence) {
            guard let turn = evidence.turn else { return nil }
            self.init(turn: turn, characters: evidence.characters ?? 0..<0)
        }
    }

    /// Where a phrase first is said so that it counts.
    private func said(_ phrase: String, as leaf: PhraseLeaf, after start: Place?) -> Place? {
        guard let transcript = facts.transcript else { return nil }
        var turnsLeft = leaf.withinTurns ?? .max
        for (index, turn) in transcript.enumerated() where hasWords(index) {
            turnsLeft -= 1
            guard turnsLeft >= 0 else { return nil }
            guard leaf.speaker.matches(turn.speaker), index >= start?.turn ?? 0 else { continue }
            if let limit = leaf.withinSeconds, turn.secondsIn > limit { continue }
            let spoken = call.spoken[index]
            for place in spoken.places(of: phrase) where counts(place, in: spoken, turn, leaf) {
                let characters = spoken.words.characters(of: place)
                if let start, start.turn == index,
                    characters.lowerBound < start.characters.upperBound
                {
                    continue
                }
                return Place(turn: index, characters: characters)
            }
        }
        return nil
    }

    private func counts(
        _ place: Range<Int>,
        in spoken: SpokenTurn,
        _ turn: Turn,
        _ leaf: PhraseLeaf
    ) -> Bool {
        if !leaf.countsNegated, spoken.isNegated(place) { return false }
        guard turn.speaker == .agent, !leaf.countsQuestions else { return true }
        return !spoken.isAsked(place) && !spoken.isHypothetical(place)
    }
}
