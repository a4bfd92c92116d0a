package import CallStore

/// What must hold for a call to be a conversion: a tree of leaves.
package indirect enum Condition: Sendable, Hashable {
    case all([Condition])
    case any([Condition])
    case none([Condition])

    /// So many of them.
    case atLeast(Int, of: [Condition])

    /// The weights of those that hold add up to so much.
    case score(atLeast: Double, of: [WeightedCondition])
    case successful(UpstreamResult)
    case successScore(NumberRange)
    case turns(TurnCount)
    case phrase(PhraseLeaf)

    /// The phrase is not said; after the place where another condition came true, if one is given.
    case notPhrase(PhraseLeaf, after: Condition?)
    case reply(ReplyLeaf)
    case tool(ToolLeaf)
    case criterion(CriterionLeaf)
    case data(DataLeaf)
    case duration(SecondsRange)

    /// A word of the call is one of these.
    case word(CallWord, isIn: [String])
    case rating(NumberRange)
    case caller(CallerLeaf)
    case campaign(CampaignLeaf)

    /// Another rule of the file holds, by its id.
    case rule(String)

    /// The parts that it is made of; none for a leaf.
    var parts: [Condition] {
        switch self {
        case .all(let parts), .any(let parts), .none(let parts), .atLeast(_, let parts): parts
        case .score(_, let parts): parts.map(\.condition)
        case .notPhrase(_, let after): after.map { [$0] } ?? []
        default: []
        }
    }

    /// Whether a test holds for it or for any condition inside it.
    func contains(where test: (Condition) -> Bool) -> Bool {
        test(self) || parts.contains { $0.contains(where: test) }
    }
}

/// A condition that counts for so much.
package struct WeightedCondition: Sendable, Hashable {
    package var weight: Double
    package var condition: Condition
}

/// The upstream's three verdicts.
package enum UpstreamResult: String, Sendable, Hashable, CaseIterable {
    case success
    case failure
    case unknown
}

/// Whose words count.
package enum SpeakerFilter: String, Sendable, Hashable, CaseIterable {
    case caller
    case agent
    case either

    func matches(_ speaker: Turn.Speaker) -> Bool {
        switch self {
        case .caller: speaker == .caller
        case .agent: speaker == .agent
        case .either: true
        }
    }
}

/// How many turns with words somebody has.
package struct TurnCount: Sendable, Hashable {
    package var speaker: SpeakerFilter
    package var atLeast: Int?
    package var atMost: Int?
}

/// Words that are said.
package struct PhraseLeaf: Sendable, Hashable {
    package var speaker: SpeakerFilter

    /// A word with an asterisk at its end stands for all words that begin so.
    package var phrases: [String]

    /// How many different phrases of the list must occur; `any` is 1, `all` is the list's count.
    package var needed: Int

    /// Only turns that begin within so many seconds of the call count.
    package var withinSeconds: Int?

    /// Only the first so many turns with words count.
    package var withinTurns: Int?

    /// Whether words count that are negated.
    package var countsNegated = false

    /// Whether words of the agent count that are asked, or said of a case that may come.
    package var countsQuestions = false
}

/// A question and its answer.
package struct ReplyLeaf: Sendable, Hashable {
    package enum Answer: String, Sendable, Hashable, CaseIterable {
        case affirms
        case declines
    }

    /// Who asks; the other one answers.
    package var asker: Turn.Speaker

    /// What is asked for: one of these in a question.
    package var phrases: [String]
    package var answer: Answer

    /// How many turns with words of the other one are looked at.
    package var withinTurns: Int
}

/// A tool that the agent used.
package struct ToolLeaf: Sendable, Hashable {
    package enum Use: String, Sendable, Hashable, CaseIterable {
        /// It really ran, with whatever result.
        case called

        /// It ran and did not answer with an error.
        case succeeded
    }

    /// What its answer, a JSON text, must hold at a path.
    package struct ResultCheck: Sendable, Hashable {
        package var path: ValuePath
        package var test: DataLeaf.Test
    }

    package var name: String
    package var use: Use
    package var result: ResultCheck?
}

/// The upstream's verdict on one criterion of the agent.
package struct CriterionLeaf: Sendable, Hashable {
    package enum Test: Sendable, Hashable {
        case result(UpstreamResult)
        case score(NumberRange)
    }

    package var id: String
    package var test: Test
}

/// A value that the upstream collected, against a value of the rule.
package struct DataLeaf: Sendable, Hashable {
    /// The platform's own operators.
    package enum Test: Sendable, Hashable {
        case eq(DataValue)
        case neq(DataValue)
        case gt(Double)
        case gte(Double)
        case lt(Double)
        case lte(Double)
        case isIn([DataValue])
        case exists
        case missing
    }

    package var id: String
    package var test: Test
}

/// A value in a rules file.
package enum DataValue: Sendable, Hashable {
    case bool(Bool)
    case number(Double)
    case text(String)
}

/// A length of time, both ends inclusive.
package struct SecondsRange: Sendable, Hashable {
    package var atLeast: Int?
    package var atMost: Int?
}

/// A range of numbers, both ends inclusive.
package struct NumberRange: Sendable, Hashable {
    package var atLeast: Double?
    package var atMost: Double?

    func contains(_ value: Double) -> Bool {
        (atLeast.map { value >= $0 } ?? true) && (atMost.map { value <= $0 } ?? true)
    }
}

/// A word that a call has one of.
package enum CallWord: String, Sendable, Hashable, CaseIterable {
    case direction
    case agent
    case language
    case channel

    /// Why it ended, in the upstream's words.
    case ended
    case sentiment
}

/// Who called.
package enum CallerLeaf: Sendable, Hashable {
    /// No earlier call of the same number is known.
    case firstTime

    /// The number was not shown.
    case withheld

    /// On a list of the store.
    case onList(String)
}

/// What the call is credited to.
package enum CampaignLeaf: Sendable, Hashable {
    case any
    case none

    /// By name or id.
    case oneOf([String])
}
