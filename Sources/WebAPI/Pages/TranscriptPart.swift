import CallStore

/// A call's transcript: evidence of the rules marked in it, tools with what they answered.
struct TranscriptPart {
    /// One place that a rule stands on.
    private struct Place {
        var rule: String
        var outcome: Ternary
        var detail: String
        var turn: Int

        /// In Unicode scalars of the turn's words; nil for the turn as a whole.
        var characters: Range<Int>?

        /// Nil for what is in no turn, such as a length.
        init?(_ stored: StoredValue, _ outcome: Ternary) {
            guard case .object(let fields) = stored, case .integer(let turn)? = fields["turn"]
            else { return nil }
            rule = PageDesk.text(fields["rule"])
            self.outcome = outcome
            detail = PageDesk.text(fields["detail"])
            self.turn = Int(turn)
            if case .integer(let from)? = fields["from"], case .integer(let to)? = fields["to"],
                from < to
            {
                characters = Int(from)..<Int(to)
            }
        }
    }

    private let turns: [Turn]
    private let words: PageWords
    private let places: [Place]
    private let chosen: String?

    /// What each call of a tool was answered, by its request.
    private let answers: [String: Answer]

    /// Turns that hold nothing but answers, with the turn of the call that each answers: they are
    /// shown there.
    private let homes: [Int: Int]

    /// - Parameters:
    ///   - turns: What was said.
    ///   - verdicts: Of the rules in force.
    ///   - chosen: The one rule whose evidence is marked, whatever it says; nil for the evidence
    ///     of every conversion.
    ///   - words: How what was said is shown.
    init(_ turns: [Turn], _ verdicts: [Verdict], chosen: String?, _ words: PageWords) {
        self.turns = turns
        self.words = words
        answers = Self.answers(in: turns)
        homes = Self.homes(in: turns, of: answers)
        let places = verdicts.flatMap { verdict in
            verdict.evidence.compactMap { Place($0, verdict.outcome) }
        }
        self.places = places
        self.chosen = chosen.flatMap { id in places.contains { $0.rule == id } ? id : nil }
    }

    private func isMarked(_ place: Place) -> Bool {
        chosen.map { $0 == place.rule } ?? (place.outcome == .yes)
    }

    /// The rules to choose from, in the order of their verdicts.
    func choices(_ link: (String?) -> String) -> [View] {
        var rules: [String] = []
        for place in places where !rules.contains(place.rule) { rules.append(place.rule) }
        guard !rules.isEmpty else { return [] }
        let all: View = [
            "label": "what made a conversion", "href": link(nil), "active": chosen == nil,
        ]
        return [all]
            + rules.map { rule in
                let count = places.count { $0.rule == rule }
                return [
                    "label": "\(rule) (\(count))", "href": link(rule), "active": chosen == rule,
                ]
            }
    }

    /// The turns that have something to show.
    var views: [View] {
        let marked = Dictionary(grouping: places.filter(isMarked)) { homes[$0.turn] ?? $0.turn }
        // Links of the verdicts lead to these, too.
        let linked = Set(places.map(\.turn).filter { homes[$0] == nil })
        return turns.enumerated().compactMap { position, turn in
            let tools = tools(turn, at: position)
            guard turn.hasWords || !tools.isEmpty || linked.contains(position) else { return nil }
            let found = marked[position] ?? []
            return [
                "who": turn.speaker == .caller ? "Caller" : "Agent",
                "isCaller": turn.speaker == .caller,
                "at": PageWords.duration(turn.secondsIn), "anchor": "turn-\(position)",
                "hasWords": turn.hasWords, "isFound": !found.isEmpty,
                "found": Self.words(found), "tools": tools,
                "parts": Self.parts(
                    turn.message ?? "",
                    found.filter { $0.turn == position }.compactMap(\.characters),
                    words.spoken
                ),
            ]
        }
    }

    /// Such as `booked: booking, 2 turns`.
    private static func words(_ places: [Place]) -> String {
        var words: [String] = []
        for place in places {
            let text = place.rule.isEmpty ? place.detail : "\(place.rule): \(place.detail)"
            if !words.contains(text) { words.append(text) }
        }
        return words.joined(separator: "; ")
    }

    /// A text in pieces, those within the ranges marked, each as it is shown.
    static func parts(
        _ text: String,
        _ ranges: [Range<Int>],
        _ shown: (String) -> String = { $0 }
    ) -> [View] {
        let scalars = Array(text.unicodeScalars)
        var parts: [View] = []
        var end = 0
        func add(_ range: Range<Int>, _ isMarked: Bool) {
            guard !range.isEmpty else { return }
            var part = String.UnicodeScalarView()
            part.append(contentsOf: scalars[range])
            parts.append(["text": shown(String(part)), "isMarked": isMarked])
        }
        for range in joined(ranges.map { $0.clamped(to: 0..<scalars.count) }) {
            add(end..<range.lowerBound, false)
            add(range, true)
            end = range.upperBound
        }
        add(end..<scalars.count, false)
        return parts
    }

    /// Ranges in order; those that touch are one.
    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] =
                    last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }

    // MARK: Tools

    private struct Answer {
        var result: ToolResult
        var turn: Int

        /// Among the answers of its turn.
        var index: Int
        var secondsIn: Int
    }

    /// The first answer to a request counts.
    private static func answers(in turns: [Turn]) -> [String: Answer] {
        var answers: [String: Answer] = [:]
        for (position, turn) in turns.enumerated() {
            for (index, result) in turn.toolResults.enumerated()
            where !result.requestID.isEmpty {
                guard answers[result.requestID] == nil else { continue }
                answers[result.requestID] = Answer(
                    result: result,
                    turn: position,
                    index: index,
                    secondsIn: turn.secondsIn
                )
            }
        }
        return answers
    }

    /// Of turns whose every answer is the one that is kept.
    private static func homes(in turns: [Turn], of answers: [String: Answer]) -> [Int: Int] {
        var callers: [String: Int] = [:]
        for (position, turn) in turns.enumerated() {
            for call in turn.toolCalls where !call.requestID.isEmpty {
                callers[call.requestID] = callers[call.requestID] ?? position
            }
        }
        var homes: [Int: Int] = [:]
        for (position, turn) in turns.enumerated() {
            let asked = turn.toolResults.enumerated().compactMap { index, result -> Int? in
                guard let answer = answers[result.requestID], answer.turn == position,
                    answer.index == index
                else { return nil }
                return callers[result.requestID]
            }
            guard !turn.hasWords, turn.toolCalls.isEmpty, asked.count == turn.toolResults.count,
                let home = asked.first
            else { continue }
            homes[position] = home
        }
        return homes
    }

    /// What tools were asked in a turn, with the answers, and answers that nobody asked for, or
    /// not once more.
    private func tools(_ turn: Turn, at position: Int) -> [View] {
        var anchored: Set<Int> = []
        let asked = Set(turns.flatMap(\.toolCalls).map(\.requestID)).subtracting([""])
        let calls = turn.toolCalls.map { call -> View in
            var view: View = ["name": call.name, "state": "no answer"]
            if !call.arguments.isEmpty { view["asked"] = words.spoken(call.arguments) }
            if let answer = answers[call.requestID] {
                view.merge(self.view(of: answer.result)) { $1 }
                view["answeredAt"] = PageWords.duration(answer.secondsIn)
                if homes[answer.turn] != nil, anchored.insert(answer.turn).inserted {
                    view["answerAnchor"] = "turn-\(answer.turn)"
                }
            }
            return view
        }
        let others = turn.toolResults.enumerated().compactMap { index, result -> View? in
            let answer = answers[result.requestID]
            let isKept = answer?.turn == position && answer?.index == index
            guard !isKept || !asked.contains(result.requestID) else { return nil }
            return view(of: result).merging(["name": result.name]) { $1 }
        }
        return calls + others
    }

    /// Of an answer, so much stands beside the tool's name.
    private static let shortLength = 80

    private func view(of result: ToolResult) -> View {
        let value = words.spoken(result.value)
        let line = value.split(whereSeparator: \.isNewline).joined(separator: " ")
        var view: View = ["state": result.isError ? "failed" : "answered"]
        guard !line.isEmpty else { return view }
        view["answer"] = value
        let isLong = line.count > Self.shortLength
        view["short"] = isLong ? line.prefix(Self.shortLength) + "…" : line
        return view
    }
}
