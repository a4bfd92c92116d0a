import CallStore

/// How far a negation reaches, in words; the figures of NegEx as this product uses it.
enum NegationScope {
    static let wordsBefore = 6
    static let wordsAfter = 4
}

/// One turn's words, with what tells a statement from its opposite.
struct SpokenTurn {
    let words: Words
    private let speech: Speech

    init(_ message: String, speech: Speech) {
        self.speech = speech
        words = Words(message, numbers: speech.numbers)
    }

    func places(of phrase: String) -> [Range<Int>] {
        words.places(of: Phrase(phrase, numbers: speech.numbers))
    }

    /// Whether the words are part of a question.
    func isAsked(_ place: Range<Int>) -> Bool {
        let sentence = words.words[place.lowerBound].sentence
        if words.asked.contains(sentence) { return true }
        let first = words.words.firstIndex { $0.sentence == sentence }
        return speech.questionOpeners.contains { opener in
            words.places(of: opener).contains { $0.lowerBound == first }
        }
    }

    /// Whether a word such as "if" stands before them in the clause.
    func isHypothetical(_ place: Range<Int>) -> Bool {
        let clause = words.words[place.lowerBound].clause
        return speech.hypotheticals.contains { phrase in
            words.places(of: phrase).contains { found in
                found.upperBound <= place.lowerBound
                    && words.words[found.lowerBound].clause == clause
            }
        }
    }

    /// Whether a negation reaches the words.
    ///
    /// A trigger within `NegationScope` words of them, in the same clause and without a terminator
    /// between; what only looks like a trigger is none.
    func isNegated(_ place: Range<Int>) -> Bool {
        let isPseudo = pseudo()
        let from = max(0, place.lowerBound - NegationScope.wordsBefore)
        let to = min(words.words.count, place.upperBound + NegationScope.wordsAfter)
        let isBefore = speech.before.contains { trigger in
            words.places(of: trigger).contains { found in
                (from..<place.lowerBound).covers(found) && !found.contains { isPseudo[$0] }
                    && reaches(from: found.upperBound, to: place.lowerBound, found, place)
            }
        }
        if isBefore { return true }
        return speech.after.contains { trigger in
            words.places(of: trigger).contains { found in
                found.lowerBound >= place.upperBound && found.lowerBound < to
                    && !isPseudo[found.lowerBound]
                    && reaches(from: place.upperBound, to: found.lowerBound, found, place)
            }
        }
    }

    /// Whether the turn agrees (yes), declines (no) or does neither; the last word counts.
    func answer() -> (answer: Ternary, place: Range<Int>)? {
        let isPseudo = pseudo()
        let agreed = speech.affirmations.flatMap { phrase in
            words.places(of: phrase).filter { !isNegated($0) }
        }
        let declined = speech.denials.flatMap { phrase in
            words.places(of: phrase).filter { place in !place.contains { isPseudo[$0] } }
        }
        // Of a short phrase inside a longer one of the other kind, the longer one counts.
        let yes = agreed.filter { place in !declined.contains { $0.covers(place) && $0 != place } }
        let no = declined.filter { place in !agreed.contains { $0.covers(place) && $0 != place } }
        let lastYes = yes.max { Self.order($0, $1) }
        let lastNo = no.max { Self.order($0, $1) }
        switch (lastYes, lastNo) {
        case (nil, nil): return nil
        case (let place?, nil): return (.yes, place)
        case (nil, let place?): return (.no, place)
        case (let agreed?, let declined?):
            return agreed.lowerBound > declined.lowerBound ? (.yes, agreed) : (.no, declined)
        }
    }

    private static func order(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        (left.upperBound, left.count) < (right.upperBound, right.count)
    }

    /// For each word, whether it is part of something that only looks like a negation.
    private func pseudo() -> [Bool] {
        var isPseudo = words.words.map { _ in false }
        for phrase in speech.pseudo {
            for place in words.places(of: phrase) {
                for index in place { isPseudo[index] = true }
            }
        }
        return isPseudo
    }

    private func reaches(
        from: Int,
        to: Int,
        _ found: Range<Int>,
        _ place: Range<Int>
    ) -> Bool {
        guard words.words[found.lowerBound].clause == words.words[place.lowerBound].clause else {
            return false
        }
        let between = from..<max(from, to)
        return !speech.terminators.contains { terminator in
            words.places(of: terminator).contains { between.covers($0) }
        }
    }
}

extension Range<Int> {
    fileprivate func covers(_ other: Range<Int>) -> Bool {
        lowerBound <= other.lowerBound && other.upperBound <= upperBound
    }
}
