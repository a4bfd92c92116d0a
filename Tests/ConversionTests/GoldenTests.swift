import CallStore
import Conversion
import Foundation
import Testing
import Yams

/// One line of `golden.yaml`.
struct GoldenCase: Decodable, Sendable, CustomTestStringConvertible {
    var when: String
    var outcome: String
    var because: String
    var say: [String]?
    var successful: String?
    var score: Double?
    var language: String?
    var duration: Int?
    var criteria: [String: String]?
    var criterionScores: [String: Double]?
    var data: [String: GoldenValue]?
    var agent: String?
    var channel: String?
    var direction: String?
    var ended: String?
    var sentiment: String?
    var rating: Double?
    var withheld: Bool?
    var firstTime: Bool?
    var lists: [String]?
    var campaign: String?

    var testDescription: String { "\(when) / \(because)" }

    static let all: [GoldenCase] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "golden.yaml")
        do {
            let text = try String(contentsOf: file, encoding: .utf8)
            return try YAMLDecoder().decode([GoldenCase].self, from: text)
        } catch {
            Issue.record("golden.yaml cannot be read: \(error)")
            return []
        }
    }()

    var facts: CallFacts {
        var facts = CallFacts(
            successful: successful,
            transcript: say?.enumerated().map { Self.turn($0.element, at: $0.offset * 10) },
            collected: data?.map { CollectedValue(id: $0.key, value: $0.value.stored) },
            durationSeconds: duration
        )
        if let criteria {
            facts.criteria = criteria.map { CriterionResult(id: $0.key, result: $0.value) }
        }
        if let criterionScores {
            facts.criteria = criterionScores.map {
                CriterionResult(id: $0.key, result: "success", score: $0.value, scoreMax: 1)
            }
        }
        facts.successScore = score
        facts.language = language
        facts.agentID = agent
        facts.channel = channel.flatMap { CallChannel(rawValue: $0) }
        facts.direction = direction.flatMap { CallDirection(rawValue: $0) }
        facts.terminationReason = ended
        facts.sentiment = sentiment
        facts.rating = rating
        facts.isWithheld = withheld
        facts.isFirstTime = firstTime
        facts.callerLists = lists.map { Set($0) }
        facts.campaign = campaign.map { $0 == "none" ? .none : .one(id: CampaignID(7), name: $0) }
        return facts
    }

    private static func turn(_ line: String, at seconds: Int) -> Turn {
        let text = String(line.dropFirst(3))
        guard line.hasPrefix("T: ") else {
            return Turn(
                speaker: line.hasPrefix("C: ") ? .caller : .agent,
                message: text,
                secondsIn: seconds
            )
        }
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        let result = ToolResult(
            requestID: "1",
            name: words[0],
            kind: nil,
            value: words.count > 2 ? words[2] : "",
            isError: words[1] == "error",
            wasCalled: true
        )
        return Turn(speaker: .agent, message: nil, secondsIn: seconds, toolResults: [result])
    }

    /// The rules of the case: the second is what `rule other` refers to.
    func rules() throws -> RuleSet {
        let body = when.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        let text = "type: t\n\(body)\nrule: other type: u\n  successful success\n"
        return try RulesFile.parse(text, file: "golden.rules")
    }

    func verdict() throws -> Verdict { try #require(try rules().judge(facts).verdicts.first) }
}

/// A number or a text.
enum GoldenValue: Decodable, Sendable {
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    var stored: StoredValue {
        switch self {
        case .number(let number): .number(number)
        case .text(let text): .text(text)
        }
    }
}

@Suite("The golden file of rules")
struct GoldenTests {
    @Test("is what the rules say", arguments: GoldenCase.all)
    func judges(_ golden: GoldenCase) throws {
        let verdict = try golden.verdict()
        #expect(verdict.outcome.rawValue == golden.outcome, "\(golden.because)")
        #expect(verdict.outcome != .yes || !verdict.evidence.isEmpty)
        #expect(try golden.verdict() == verdict)
    }

    @Test("covers every condition with yes, no and unknown")
    func covers() throws {
        var seen: [String: Set<String>] = [:]
        for golden in GoldenCase.all {
            let condition = try #require(try golden.rules().rules.first).condition
            seen[Self.kind(condition), default: []].insert(golden.outcome)
        }
        let kinds = [
            "all", "any", "none", "atLeast", "score", "successful", "successScore", "turns",
            "phrase", "notPhrase", "reply", "tool", "criterion", "criterionScore", "data",
            "duration", "direction", "agent", "language", "channel", "ended", "sentiment",
            "rating", "callerFirstTime", "callerWithheld", "callerOnList", "campaign", "rule",
        ]
        for kind in kinds {
            #expect(seen[kind] == ["yes", "no", "unknown"], "\(kind)")
        }
        #expect(Set(seen.keys) == Set(kinds))
        #expect(GoldenCase.all.count >= 180)
    }

    /// Exhaustive: a new condition does not compile until it has a name, and then needs its lines.
    private static func kind(_ condition: Condition) -> String {
        switch condition {
        case .all: "all"
        case .any: "any"
        case .none: "none"
        case .atLeast: "atLeast"
        case .score: "score"
        case .successful: "successful"
        case .successScore: "successScore"
        case .turns: "turns"
        case .phrase: "phrase"
        case .notPhrase: "notPhrase"
        case .reply: "reply"
        case .tool: "tool"
        case .criterion(let leaf):
            if case .score = leaf.test { "criterionScore" } else { "criterion" }
        case .data: "data"
        case .duration: "duration"
        case .word(let word, _): word.rawValue
        case .rating: "rating"
        case .caller(.firstTime): "callerFirstTime"
        case .caller(.withheld): "callerWithheld"
        case .caller(.onList): "callerOnList"
        case .campaign: "campaign"
        case .rule: "rule"
        }
    }

    @Test("learning more never turns what is known", arguments: GoldenCase.all)
    func isMonotone(_ golden: GoldenCase) throws {
        let rules = try golden.rules()
        let known = rules.judge(golden.facts).verdicts[0].outcome
        var forgets: [(inout CallFacts) -> Void] = []
        forgets.append { $0.successful = nil }
        forgets.append { $0.transcript = nil }
        forgets.append { $0.criteria = nil }
        forgets.append { $0.collected = nil }
        forgets.append { $0.durationSeconds = nil }
        forgets.append { $0.rating = nil }
        forgets.append { $0.campaign = nil }
        for forget in forgets {
            var less = golden.facts
            forget(&less)
            let before = rules.judge(less).verdicts[0].outcome
            #expect(before == .unknown || before == known)
        }
    }
}
