import CallStore
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing
import WebAPI

@Suite("The transcript on a call's page")
struct TranscriptTests {
    private static func place(_ rule: String, turn: Int, _ range: Range<Int>?) -> StoredValue {
        var fields: [String: StoredValue] = [
            "rule": .text(rule), "detail": .text("the phrase of \(rule)"),
            "turn": .integer(Int64(turn)),
        ]
        if let range {
            fields["from"] = .integer(Int64(range.lowerBound))
            fields["to"] = .integer(Int64(range.upperBound))
        }
        return .object(fields)
    }

    private static func verdict(
        _ type: String,
        _ outcome: Ternary,
        _ evidence: [StoredValue]
    ) -> Verdict {
        Verdict(
            type: type,
            outcome: outcome,
            evidence: evidence,
            echo: type,
            needsReview: false
        )
    }

    /// `I would like to book a cleaning.` is turn 2, `100% sure_thing` turn 3.
    private static func fill(_ fixture: WebFixture) async throws -> CallID {
        try await fixture.store.write { writer in
            let call = try writer.record(.heard("conv_1"))
            let verdicts = [
                verdict(
                    "booking",
                    .yes,
                    [
                        place("booked", turn: 2, 16..<20), place("booked", turn: 2, 18..<31),
                        place("booked", turn: 3, 5..<9), place("willing", turn: 2, 2..<7),
                        .object(["rule": .text("long"), "detail": .text("60 seconds")]),
                        .object(["detail": .text("over the length")]),
                    ]
                ),
                verdict("spam", .no, [place("sure", turn: 3, 0..<4)]),
            ]
            try writer.judge(
                call.call,
                seen: call.revision,
                Judgement(ruleVersion: "r", ruleName: "n", verdicts: verdicts)
            )
            return call.call
        }
    }

    private static func marks(_ page: String) -> [String] {
        page.matches(of: /<mark>([^<]*)<\/mark>/).map { String($0.1) }
    }

    @Test("evidence is marked of all that made a conversion, or of one rule, and said in words")
    func marked() async throws {
        try await WebFixture.serve { fixture, client in
            let id = try await Self.fill(fixture)
            let path = "/calls/\(id)"
            let all = try await client.ask(.get, path).body
            // Places that overlap are one mark.
            #expect(Self.marks(all) == ["would", "book a cleaning", "sure"])
            #expect(
                all.contains(
                    "evidence: booked: the phrase of booked; willing: the phrase of willing<"
                )
            )
            let choices = all.matches(of: /\?rule=([a-z]+)">([^<]+)</).map { String($0.2) }
            #expect(choices == ["booked (3)", "willing (1)", "sure (1)"])
            // Evidence that names no rule has no code before it.
            #expect(all.contains("<li>over the length</li>") && !all.contains("<code></code>"))
            let one = try await client.ask(.get, path + "?rule=willing").body
            #expect(Self.marks(one) == ["would"])
            #expect(one.contains(">I <mark>would</mark> like to book a cleaning.</p>"))
            #expect(one.contains("rule=willing\" aria-current=\"true\""))
            // Of a rule that made no conversion, too, but only when it is asked for.
            let other = try await client.ask(.get, path + "?rule=sure").body
            #expect(Self.marks(other) == ["100%"])
            let unknown = try await client.ask(.get, path + "?rule=nothing").body
            #expect(Self.marks(unknown) == Self.marks(all))
        }
    }

    @Test("evidence that is the answer of a tool stands with the tool's call")
    func toolEvidence() async throws {
        try await WebFixture.serve { fixture, client in
            let answer = ToolResult(
                requestID: "r",
                name: "t",
                kind: "w",
                value: "yes",
                isError: false,
                wasCalled: true
            )
            var record = CallRecord.heard("conv_1")
            let turns = record.transcript ?? []
            record.transcript =
                turns + [Turn(speaker: .agent, message: nil, secondsIn: 12, toolResults: [answer])]
            let answered = record
            let call = try await fixture.store.write { writer in
                let recorded = try writer.record(answered)
                try writer.judge(
                    recorded.call,
                    seen: recorded.revision,
                    Judgement(
                        ruleVersion: "r",
                        ruleName: "n",
                        verdicts: [
                            Self.verdict("booking", .yes, [Self.place("asked", turn: 4, nil)])
                        ]
                    )
                )
                return recorded.call
            }
            let page = try await client.ask(.get, "/calls/\(call)").body
            let turn = try #require(
                page.firstMatch(of: /<li class="turn found" id="turn-1">.*?<\/li>/)
            )
            #expect(turn.0.contains("evidence: asked: the phrase of asked"))
            #expect(turn.0.contains("<details class=\"tool\" id=\"turn-4\">"))
            #expect(page.contains("href=\"#turn-4\""))
            #expect(page.matches(of: /id="turn-4"/).count == 1)
        }
    }

    @Test("a second answer to one request stays in its own turn, where links find it")
    func secondAnswer() async throws {
        try await WebFixture.serve { fixture, client in
            func turn(_ value: String, _ second: Int) -> Turn {
                let result = ToolResult(
                    requestID: "r",
                    name: "t",
                    kind: "w",
                    value: value,
                    isError: false,
                    wasCalled: true
                )
                return Turn(
                    speaker: .agent,
                    message: nil,
                    secondsIn: second,
                    toolResults: [result]
                )
            }
            var record = CallRecord.heard("conv_1")
            record.transcript = (record.transcript ?? []) + [turn("yes", 12), turn("no", 13)]
            let answered = record
            let call = try await fixture.store.write { writer in
                let recorded = try writer.record(answered)
                let evidence = Self.place("asked", turn: 5, nil)
                try writer.judge(
                    recorded.call,
                    seen: recorded.revision,
                    Judgement(
                        ruleVersion: "r",
                        ruleName: "n",
                        verdicts: [Self.verdict("booking", .yes, [evidence])]
                    )
                )
                return recorded.call
            }
            let page = try await client.ask(.get, "/calls/\(call)").body
            #expect(page.contains("<details class=\"tool\" id=\"turn-4\">"))
            #expect(page.contains("href=\"#turn-5\""))
            #expect(page.matches(of: /id="turn-5"/).count == 1)
            #expect(page.contains("<code>yes</code>") && page.contains("<code>no</code>"))
        }
    }

    @Test("a tool stands with what it answered, wherever the answer came")
    func tools() async throws {
        try await WebFixture.serve { fixture, client in
            func result(_ request: String, _ value: String, isError: Bool = false) -> ToolResult {
                ToolResult(
                    requestID: request,
                    name: "book_visit",
                    kind: "webhook",
                    value: value,
                    isError: isError,
                    wasCalled: true
                )
            }
            func call(_ request: String) -> ToolCall {
                ToolCall(
                    requestID: request,
                    name: "book_visit",
                    kind: "webhook",
                    arguments: "{\"ask\":\"\(request)\"}",
                    wasCalled: true
                )
            }
            let id = try await fixture.record(
                .heard("conv_1") {
                    $0.transcript = [
                        Turn(
                            speaker: .agent,
                            message: "One moment.",
                            secondsIn: 2,
                            toolCalls: [call("a"), call("b"), call("c")]
                        ),
                        Turn(
                            speaker: .agent,
                            message: nil,
                            secondsIn: 5,
                            toolResults: [
                                result("b", "no <slot>", isError: true), result("a", "{\"ok\":1}"),
                            ]
                        ),
                        Turn(
                            speaker: .agent,
                            message: "Done.",
                            secondsIn: 9,
                            toolResults: [result("", String(repeating: "x", count: 90))]
                        ),
                    ]
                }
            )
            let page = try await client.ask(.get, "/calls/\(id)").body
            let said = page.matches(of: /<summary>(Tool .*?)<\/summary>/).map { String($0.1) }
            #expect(
                said == [
                    "Tool book_visit answered at 0:05: <code>{&quot;ok&quot;:1}</code>",
                    "Tool book_visit failed at 0:05: <code>no &lt;slot&gt;</code>",
                    "Tool book_visit no answer",
                    "Tool book_visit answered: <code>\(String(repeating: "x", count: 80))…</code>",
                ]
            )
            // The turn that held nothing but these answers is the first tool's.
            #expect(page.contains("<details class=\"tool\" id=\"turn-1\">"))
            #expect(page.matches(of: /id="turn-1"/).count == 1 && page.contains("id=\"turn-2\""))
            #expect(page.contains("{&quot;ask&quot;:&quot;c&quot;}"))
        }
    }
}
