import CallStore

/// What must hold for a call to be a conversion: a tree of leaves.
package indirect enum Condition: Sendable, Hashable {
    case all([Condition])
    case any([Condition])
    case none([Condition])
    case successful(UpstreamResult)
    case turns(TurnCount)
    case phrase(PhraseLeaf)
    case tool(ToolLeaf)
    case criterion(CriterionLeaf)
    case data(DataLeaf)
    case duration(SecondsRange)
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
    package var phrases: [String]

    /// How many different phrases of the list must occur; `any` is 1, `all` is the list's count.
    package var needed: Int

    /// Only turns that begin within so many seconds of the call count.
    package var withinSeconds: Int?
}

/// A tool that the agent used.
package struct ToolLeaf: Sendable, Hashable {
    package enum Use: String, Sendable, Hashable, CaseIterable {
        /// It really ran, with whatever result.
        case called

        /// It ran and did not answer with an error.
        case succeeded
    }

    package var name: String
    package var use: Use
}

/// The upstream's verdict on one criterion of the agent.
package struct CriterionLeaf: Sendable, Hashable {
    package var id: String
    package var result: UpstreamResult
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
