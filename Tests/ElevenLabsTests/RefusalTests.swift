import ElevenLabs
import JobQueue
import Testing

@Suite struct RefusalTests {
    enum Kind: String, Sendable {
        case invalidKey, missingPermission, quota, blocked, notFound, validation, unexpected
        case concurrencyLimited, rateLimited, unavailable, other

        init(_ error: ElevenLabsError?) {
            switch error {
            case .invalidKey: self = .invalidKey
            case .missingPermission: self = .missingPermission
            case .quota: self = .quota
            case .blocked: self = .blocked
            case .notFound: self = .notFound
            case .validation: self = .validation
            case .unexpected: self = .unexpected
            case .concurrencyLimited: self = .concurrencyLimited
            case .rateLimited: self = .rateLimited
            case .unavailable: self = .unavailable
            default: self = .other
            }
        }

        var isRepeated: Bool {
            self == .concurrencyLimited || self == .rateLimited || self == .unavailable
        }
    }

    private static func modern(_ code: String, status: String? = nil) -> String {
        """
        {"detail":{"type":"some_type","code":"\(code)","message":"words","status":\
        \(status.map { "\"\($0)\"" } ?? "null"),"request_id":"req_body","param":"page_size"}}
        """
    }

    private static func old(_ status: String) -> String {
        "{\"detail\":{\"status\":\"\(status)\",\"message\":\"words\"}}"
    }

    @Test(
        "sorts refusals by what a caller does about them, in every shape of the body",
        arguments: [
            (401, modern("invalid_api_key"), Kind.invalidKey),
            (401, old("invalid_api_key"), .invalidKey),
            (401, modern("unauthorized", status: "missing_permissions"), .missingPermission),
            (401, old("missing_permissions"), .missingPermission),
            (401, old("quota_exceeded"), .quota),
            (401, old("detected_unusual_activity"), .blocked),
            (401, "", .invalidKey), (401, "{\"detail\":\"Unauthorized\"}", .invalidKey),
            (402, modern("insufficient_credits"), .quota), (402, "", .quota),
            (403, modern("insufficient_permissions"), .missingPermission),
            (403, modern("feature_not_available"), .blocked), (403, "", .blocked),
            (404, modern("conversation_not_found"), .notFound),
            (404, "{\"detail\":\"Not Found\"}", .notFound), (404, "", .notFound),
            (400, modern("invalid_request"), .validation),
            (
                422,
                "{\"detail\":[{\"loc\":[\"query\",\"page_size\"],\"msg\":\"m\",\"type\":\"t\"}]}",
                .validation
            ),
            (422, "{\"detail\":[]}", .validation),
            (429, modern("concurrent_limit_exceeded"), .concurrencyLimited),
            (429, old("too_many_concurrent_requests"), .concurrencyLimited),
            (
                429, modern("rate_limit_error", status: "too_many_concurrent_requests"),
                .concurrencyLimited
            ),
            (429, modern("rate_limit_exceeded"), .rateLimited),
            (429, old("system_busy"), .rateLimited), (429, "", .rateLimited),
            (429, "<html>slow down</html>", .rateLimited),
            (500, modern("internal_error"), .unavailable), (503, old("maintenance"), .unavailable),
            (502, "<html>", .unavailable), (504, "", .unavailable), (408, "", .unavailable),
            (409, modern("conflict"), .unavailable),
            (302, "", .unexpected), (418, "{\"detail\":7}", .unexpected),
        ]
    )
    func sorting(status: Int, body: String, kind: Kind) async throws {
        try await ClientFixture.serve(StubAnswer(status: status, body: body)) { fixture in
            let error = await #expect(throws: ElevenLabsError.self) {
                try await fixture.client.conversation("c")
            }
            #expect(Kind(error) == kind)
            #expect(error?.isTransient == kind.isRepeated)
            #expect(
                fixture.stub.questions.count
                    == (kind.isRepeated ? ElevenLabsLimits.attemptsMax : 1)
            )
            // Every permit that was given came back.
            #expect(fixture.budget.released.count == fixture.budget.given)
        }
    }

    @Test("tells what the upstream said: word, field, message and request id")
    func answers() async throws {
        let answer = StubAnswer(
            status: 422,
            headers: ["request-id": "req_head"],
            body: "{\"detail\":[{\"loc\":[\"query\",\"page_size\",0],\"msg\":\"too big\","
                + "\"type\":\"less_than_equal\"}]}"
        )
        try await ClientFixture.serve(answer) { fixture in
            await #expect(
                throws: ElevenLabsError.validation(
                    UpstreamAnswer(
                        status: 422,
                        code: "less_than_equal",
                        message: "too big",
                        field: "query.page_size.0",
                        requestID: "req_head"
                    )
                )
            ) { try await fixture.client.conversation("c") }
        }
        let modern = Self.modern("unauthorized", status: "missing_permissions")
        try await ClientFixture.serve(StubAnswer(status: 401, body: modern)) { fixture in
            await #expect(
                throws: ElevenLabsError.missingPermission(
                    UpstreamAnswer(
                        status: 401,
                        code: "missing_permissions",
                        message: "words",
                        field: "page_size",
                        requestID: "req_body"
                    )
                )
            ) { try await fixture.client.conversation("c") }
        }
    }

    @Test("never shows the key, not even when the upstream echoes it")
    func noKey() async throws {
        let echo = """
            {"detail":{"code":"\(ClientFixture.key)","status":"invalid_api_key","message":\
            "key \(ClientFixture.key) is \(String(repeating: "very ", count: 100)) wrong",\
            "request_id":"\(ClientFixture.key)","param":"\(ClientFixture.key)"}}
            """
        try await ClientFixture.serve(StubAnswer(status: 401, body: echo)) { fixture in
            let error = await #expect(throws: ElevenLabsError.self) {
                try await fixture.client.conversation("c")
            }
            #expect(!String(reflecting: error).contains(ClientFixture.key))
            guard case .invalidKey(let answer) = error else {
                Issue.record("taken for \(String(describing: error))")
                return
            }
            #expect((answer.message?.count ?? 0) <= 200)
        }
        let key = APIKey(ClientFixture.key)
        #expect(!"\(key) \(String(reflecting: key))".contains(ClientFixture.key))
        var dumped = ""
        dump(key, to: &dumped)
        dump(WebhookSecret(ClientFixture.key), to: &dumped)
        #expect(!dumped.contains(ClientFixture.key))
    }

    @Test(
        "reads how long to wait, and no longer than the limit",
        arguments: [
            (["retry-after": "7"], Duration.seconds(7)), (["retry-after": "0"], .zero),
            (["retry-after": "1.5"], .milliseconds(1_500)),
            (["retry-after-ms": "250"], .milliseconds(250)),
            (["retry-after-ms": "250", "retry-after": "7"], .milliseconds(250)),
            (["retry-after": "Sun, 06 Nov 1994 08:49:47 GMT"], .seconds(10)),
            (["retry-after": "Sunday, 06-Nov-94 08:49:47 GMT"], .seconds(10)),
            (["retry-after": "Sun Nov  6 08:49:47 1994"], .seconds(10)),
            (["retry-after": "Sun, 06 Nov 1994 08:00:00 GMT"], .zero),
            (["retry-after": "999999"], ElevenLabsLimits.retryAfterMax),
            (["retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"], ElevenLabsLimits.retryAfterMax),
            (["x-ratelimit-reset": "20"], .seconds(20)),
            (["retry-after": "soon"], nil), (["retry-after": "-3"], nil),
            (["retry-after": "nan"], nil), (["retry-after": "0x10"], nil), ([:], nil),
            (["retry-after": "Sun, 31 Foo 1994 08:49:47 GMT"], nil),
            (["retry-after": "Sun, 06 Nov 1994 25:49:47 GMT"], nil),
        ] as [([String: String], Duration?)]
    )
    func retryAfter(headers: [String: String], wait: Duration?) async throws {
        let answer = StubAnswer(status: 429, headers: headers)
        try await ClientFixture.serve(answer) { fixture in
            await #expect(throws: ElevenLabsError.rateLimited(retryAfter: wait)) {
                try await fixture.client.conversation("c")
            }
            #expect(fixture.budget.feedback.first == .rateLimited(retryAfter: wait))
        }
    }
}
