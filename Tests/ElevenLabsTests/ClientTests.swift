import Ambient
import ElevenLabs
import HTTPClient
import JobQueue
import Logging
import Synchronization
import TestSupport
import Testing

@Suite struct ClientTests {
    @Test("asks for a list with every filter and reads the page")
    func list() async throws {
        let page =
            "{\"conversations\":[\(Golden.listRow)],\"next_cursor\":\"b3BhcXVl\","
            + "\"has_more\":true}"
        let answer = StubAnswer(headers: ["request-id": "req_1"], body: page)
        try await ClientFixture.serve(answer) { fixture in
            let page = try await fixture.client.conversations(
                ConversationQuery(
                    cursor: "a b+/=",
                    order: .ascending,
                    agentID: "agent_1",
                    startedAfterUnix: 10,
                    startedBeforeUnix: 20,
                    excludedStatuses: [.initiated, .inProgress],
                    includesSummaries: true
                )
            )
            #expect(page.nextCursor == "b3BhcXVl")
            #expect(page.requestID == "req_1")
            guard case .readable(let row) = page.rows.first else {
                Issue.record("the row was not read")
                return
            }
            #expect(row.id == "conv_0000000000000000000000000042")
            let question = try #require(fixture.stub.questions.first)
            #expect(question.path == "/v1/convai/conversations")
            #expect(question.key == ClientFixture.key)
            #expect(
                question.query
                    == "page_size=100&sort_direction=asc&summary_mode=include&cursor=a%20b%2B%2F%3D"
                    + "&agent_id=agent_1&call_start_after_unix=10&call_start_before_unix=20"
                    + "&exclude_statuses=initiated&exclude_statuses=in-progress"
            )
            #expect(fixture.budget.feedback == [.succeeded])
        }
    }

    @Test(
        "the walk ends when either sign of its end is there",
        arguments: [
            ("\"c\"", "true", "c"), ("\"c\"", "false", nil), ("null", "true", nil),
            ("\"\"", "true", nil), ("\"c\"", "null", nil), ("\"c\"", "\"true\"", "c"),
        ] as [(String, String, String?)]
    )
    func lastPage(cursor: String, hasMore: String, next: String?) async throws {
        let body = "{\"conversations\":[],\"next_cursor\":\(cursor),\"has_more\":\(hasMore)}"
        try await ClientFixture.serve(StubAnswer(body: body)) { fixture in
            let page = try await fixture.client.conversations(ConversationQuery())
            #expect(page.nextCursor == next)
            #expect(fixture.stub.questions.count == 1)
        }
    }

    @Test("a row that makes no sense is kept byte by byte, and the page goes on")
    func rawRows() async throws {
        let odd = "{ \"conversation_id\" : \"conv_odd\",\"start_time_unix_secs\":null }"
        let body = "{\"conversations\" : [\(odd) , 7,\n\(Golden.listRow)],\"has_more\":false}"
        try await ClientFixture.serve(StubAnswer(body: body)) { fixture in
            let rows = try await fixture.client.conversations(ConversationQuery()).rows
            #expect(rows.count == 3)
            #expect(
                rows[0]
                    == .unreadable(
                        RecordError(field: "agent_id", fault: .missing),
                        id: "conv_odd",
                        raw: Array(odd.utf8)
                    )
            )
            #expect(
                rows[1]
                    == .unreadable(
                        RecordError(field: "", fault: .notAnObject),
                        id: nil,
                        raw: Array("7".utf8)
                    )
            )
            guard case .readable = rows[2] else {
                Issue.record("the good row was lost")
                return
            }
        }
    }

    @Test("a detail comes with its bytes, readable or not")
    func detail() async throws {
        let odd = "{\"conversation_id\":\"c\"}"
        try await ClientFixture.serve(StubAnswer(body: Golden.detail), StubAnswer(body: odd)) {
            fixture in
            let first = try await fixture.client.conversation("conv/42?x")
            #expect(first.raw == Array(Golden.detail.utf8))
            guard case .readable(let detail) = first.content else {
                Issue.record("the detail was not read")
                return
            }
            #expect(detail.id == "conv_0000000000000000000000000042")
            let second = try await fixture.client.conversation("c")
            #expect(second.raw == Array(odd.utf8))
            #expect(
                second.content == .unreadable(RecordError(field: "agent_id", fault: .missing))
            )
            #expect(
                fixture.stub.questions.map(\.path) == [
                    "/v1/convai/conversations/conv%2F42%3Fx", "/v1/convai/conversations/c",
                ]
            )
        }
    }

    @Test("reads agents and telephone numbers, and names the rows it cannot read")
    func agentsAndNumbers() async throws {
        let agents = """
            {"agents":[{"agent_id":"a1","name":"Reception","tags":["x"],"archived":false,\
            "created_at_unix_secs":1,"last_call_time_unix_secs":null},{"name":"no id"}],\
            "next_cursor":null,"has_more":false}
            """
        let numbers = """
            [{"phone_number_id":"p1","phone_number":"+15550100","provider":"twilio",\
            "supports_inbound":true,"assigned_agent":{"agent_id":"a1","agent_name":"Reception"}},{}]
            """
        try await ClientFixture.serve(StubAnswer(body: agents), StubAnswer(body: numbers)) {
            fixture in
            let page = try await fixture.client.agents()
            #expect(page.agents.map(\.id) == ["a1"])
            #expect(page.agents.first?.name == "Reception")
            #expect(page.agents.first?.createdUnix == 1)
            #expect(page.unreadable == [RecordError(field: "agent_id", fault: .missing)])
            #expect(page.nextCursor == nil)
            let list = try await fixture.client.phoneNumbers()
            #expect(list.numbers.map(\.number) == ["+15550100"])
            #expect(list.numbers.first?.assignedAgentID == "a1")
            #expect(list.unreadable.count == 1)
            #expect(
                fixture.stub.questions.map(\.path) == [
                    "/v1/convai/agents", "/v1/convai/phone-numbers",
                ]
            )
        }
    }

    @Test("webhooks of the workspace, also one that was switched off")
    func webhooks() async throws {
        let body = """
            {"webhooks":[{"name":"Ours","webhook_id":"w1","is_disabled":false,
            "webhook_url":"https://example.com/hook","is_auto_disabled":true,
            "created_at_unix":1,"auth_type":"hmac","usage":null,"events":null,
            "most_recent_failure_error_code":503,"most_recent_failure_timestamp":1794700000},{}]}
            """
        try await ClientFixture.serve(StubAnswer(body: body)) { fixture in
            let webhooks = try await fixture.client.webhooks()
            #expect(
                webhooks == [
                    WorkspaceWebhook(
                        id: "w1",
                        name: "Ours",
                        url: "https://example.com/hook",
                        isAutoDisabled: true,
                        failureCode: 503,
                        failureUnix: 1_794_700_000
                    )
                ]
            )
        }
    }

    @Test("bytes that were spoilt on the way are asked for again, a broken record is read")
    func brokenText() async throws {
        let good = Array(Golden.detail.utf8)
        let place = try #require(good.firstRange(of: Array("message".utf8))?.lowerBound) + 12
        let bad = Array(good[..<place]) + [0xFF] + good[(place + 1)...]
        for broken in [1, 3] {
            let asked = Mutex(0)
            let client = Self.client { _ async throws(HTTPError) in
                let number = asked.withLock { asked in
                    asked += 1
                    return asked
                }
                return HTTPResponse(
                    head: HTTPResponseHead(status: 200, headers: [], version: .http1),
                    body: number <= broken ? bad : good
                )
            }
            let fetched = try await client.conversation("conv_1")
            #expect(asked.withLock { $0 } == min(broken + 1, 3))
            #expect(fetched.raw == (broken == 1 ? good : bad))
        }
    }

    private static func client(
        _ transport: @escaping ElevenLabsClient.Transport
    ) -> ElevenLabsClient {
        let live = Ambient.live(seed: 1)
        return ElevenLabsClient(
            transport: transport,
            baseURL: "http://127.0.0.1:1",
            key: APIKey("k"),
            budget: FakeBudget(),
            ambient: Ambient(
                clock: RecordingClock(),
                elapsed: live.elapsed,
                now: live.now,
                newID: live.newID,
                chance: live.chance
            ),
            logger: Logger(label: "test")
        )
    }

    @Test("an answer that is larger than a record may be is not asked for again")
    func tooLarge() async throws {
        let refusal = Mutex(0)
        let client = Self.client { request async throws(HTTPError) in
            refusal.withLock { $0 += 1 }
            throw .tooLarge(limit: request.responseBytesMax)
        }
        await #expect(
            throws: ElevenLabsError.tooLarge(limit: ElevenLabsLimits.responseBytesMax)
        ) {
            try await client.conversation("conv_1")
        }
        #expect(refusal.withLock { $0 } == 1)
    }

    @Test(
        "an answer that is not what was asked for is malformed, after trying again",
        arguments: [
            "", "<html>", "[]", "{}", "{\"conversations\":{}}", "{\"conversations\":[", "7",
        ]
    )
    func malformed(body: String) async throws {
        try await ClientFixture.serve(StubAnswer(body: body)) { fixture in
            let error = await #expect(throws: ElevenLabsError.self) {
                try await fixture.client.conversations(ConversationQuery())
            }
            guard case .malformed = error else {
                Issue.record("taken for \(String(describing: error))")
                return
            }
            #expect(fixture.stub.questions.count == ElevenLabsLimits.attemptsMax)
            #expect(fixture.budget.feedback.allSatisfy { $0 == .failed() })
        }
    }

    @Test("no answer at all is a network error")
    func network() async throws {
        try await ClientFixture.serve([]) { fixture in
            let nowhere = try HTTPClient(ambient: .live(seed: 1))
            await nowhere.shutDown()
            #expect(fixture.budget.given == 0)
            await #expect(throws: HTTPError.shutDown) {
                try await nowhere.send(HTTPRequest(url: "http://127.0.0.1:1/"))
            }
        }
        try await ClientFixture.serve(StubAnswer(status: 200, body: "{}")) { fixture in
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: ElevenLabsError.cancelled) {
                        try await fixture.client.conversation("c")
                    }
                }
            }
            #expect(fixture.budget.feedback == [.unused])
        }
    }
}
