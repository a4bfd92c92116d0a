package import Ambient
package import HTTPClient
package import JobQueue
package import Logging

/// Reads conversations, agents and numbers of one ElevenLabs workspace.
///
/// Every request takes a permit of the budget that all workers share, and tells the budget what
/// it met. A failure that may pass is tried again a few times within a call; longer waits are the
/// caller's. Any task may call any method at any time.
package struct ElevenLabsClient: Sendable {
    /// Carries a request to the upstream, and its answer back.
    package typealias Transport = @Sendable (HTTPRequest) async throws(HTTPError) -> HTTPResponse

    private let transport: Transport
    private let baseURL: String
    private let key: APIKey
    private let permits: Permits
    private let timeouts: HTTPTimeouts
    private let ambient: Ambient
    private let logger: Logger

    /// A client of one workspace.
    ///
    /// - Parameters:
    ///   - http: The program's HTTP client.
    ///   - baseURL: Scheme and host, a path prefix if any; a slash at its end does not matter.
    ///   - key: The workspace's key.
    ///   - budget: Asked for a permit before every request.
    ///   - timeouts: Of each request.
    ///   - ambient: For waits and dates.
    ///   - logger: Told of refusals, with their request ids.
    package init(
        http: HTTPClient,
        baseURL: String,
        key: APIKey,
        budget: any UpstreamBudget,
        timeouts: HTTPTimeouts = timeoutsUsual,
        ambient: Ambient,
        logger: Logger
    ) {
        self.init(
            transport: { request async throws(HTTPError) in try await http.send(request) },
            baseURL: baseURL,
            key: key,
            budget: budget,
            timeouts: timeouts,
            ambient: ambient,
            logger: logger
        )
    }

    package static let timeoutsUsual = HTTPTimeouts(
        firstByte: .seconds(20),
        idle: .seconds(20),
        total: ElevenLabsLimits.requestMax
    )

    /// A client whose requests something else than the program's HTTP client carries.
    package init(
        transport: @escaping Transport,
        baseURL: String,
        key: APIKey,
        budget: any UpstreamBudget,
        timeouts: HTTPTimeouts = timeoutsUsual,
        ambient: Ambient,
        logger: Logger
    ) {
        self.transport = transport
        var base = baseURL[...]
        while base.hasSuffix("/") { base.removeLast() }
        self.baseURL = String(base)
        self.key = key
        self.timeouts = timeouts
        self.ambient = ambient
        self.logger = logger
        permits = Permits(budget: budget, ambient: ambient, logger: logger)
    }

    // MARK: What can be read

    /// One page of the conversation list; rows that make no sense are kept raw.
    package func conversations(
        _ query: ConversationQuery
    ) async throws(ElevenLabsError) -> ConversationPage {
        try await call("/v1/convai/conversations", query.items) {
            response throws(ElevenLabsError) in
            let (rest, rows) = try Self.rows(of: "conversations", in: response.body)
            return ConversationPage(
                rows: rows.map { Self.row($0, in: response.body) },
                nextCursor: Self.nextCursor(rest),
                requestID: response.headers["request-id"]
            )
        }
    }

    /// One conversation, whole, with the bytes it came in.
    package func conversation(_ id: String) async throws(ElevenLabsError) -> FetchedConversation {
        try await call("/v1/convai/conversations/" + PercentEncoding.encode(id), []) {
            response throws(ElevenLabsError) in
            let value: JSONValue
            do throws(JSONError) {
                value = try JSONParser.parse(response.body)
            } catch {
                throw .malformed(reason: error.reason.rawValue)
            }
            return FetchedConversation(
                content: Self.content(value),
                raw: response.body,
                requestID: response.headers["request-id"]
            )
        }
    }

    /// Deletes one conversation for good.
    ///
    /// - Throws: `ElevenLabsError.notFound` when it is not there, maybe since an earlier attempt.
    package func deleteConversation(_ id: String) async throws(ElevenLabsError) {
        // The shape of the answer's body is not documented, and it may be empty.
        try await call(
            "/v1/convai/conversations/" + PercentEncoding.encode(id),
            [],
            method: .delete
        ) { _ throws(ElevenLabsError) in }
    }

    /// One page of the agents; agents that were deleted are not among them.
    package func agents(
        cursor: String? = nil,
        pageSize: Int = ElevenLabsLimits.pageSizeMax
    ) async throws(ElevenLabsError) -> AgentPage {
        var items = [("page_size", String(pageSize))]
        if let cursor { items.append(("cursor", cursor)) }
        return try await call("/v1/convai/agents", items) { response throws(ElevenLabsError) in
            let (rest, rows) = try Self.rows(of: "agents", in: response.body)
            var page = AgentPage(agents: [], unreadable: [], nextCursor: Self.nextCursor(rest))
            for row in rows {
                do throws(RecordError) {
                    page.agents.append(try AgentSummary(json: row.value))
                } catch {
                    page.unreadable.append(error)
                }
            }
            return page
        }
    }

    /// All telephone numbers of the workspace.
    package func phoneNumbers() async throws(ElevenLabsError) -> PhoneNumberList {
        try await call("/v1/convai/phone-numbers", []) { response throws(ElevenLabsError) in
            let (_, rows) = try Self.rows(of: "", in: response.body)
            var list = PhoneNumberList(numbers: [], unreadable: [])
            for row in rows {
                do throws(RecordError) {
                    list.numbers.append(try PhoneNumber(json: row.value))
                } catch {
                    list.unreadable.append(error)
                }
            }
            return list
        }
    }

    /// The webhooks of the workspace; those that make no sense are left out.
    package func webhooks() async throws(ElevenLabsError) -> [WorkspaceWebhook] {
        try await call("/v1/workspace/webhooks", [("include_usages", "true")]) {
            response throws(ElevenLabsError) in
            let (_, rows) = try Self.rows(of: "webhooks", in: response.body)
            var webhooks: [WorkspaceWebhook] = []
            for row in rows {
                do throws(RecordError) {
                    webhooks.append(try WorkspaceWebhook(json: row.value))
                } catch {
                    continue
                }
            }
            return webhooks
        }
    }

    // MARK: Decoding

    private static func rows(
        of name: String,
        in body: [UInt8]
    ) throws(ElevenLabsError) -> (JSONObject, [JSONParser.Row]) {
        do throws(JSONError) {
            let (rest, rows) = try JSONParser.parseRows(in: body, of: name)
            guard let rows else { throw JSONError(reason: .unexpectedByte, offset: 0) }
            return (rest, rows)
        } catch {
            throw .malformed(reason: error.reason.rawValue)
        }
    }

    private static func row(_ row: JSONParser.Row, in body: [UInt8]) -> ConversationRow {
        do throws(RecordError) {
            return .readable(try ConversationSummary(json: row.value))
        } catch {
            let fields = Fields(row.value, oddities: Fields.Oddities())
            return .unreadable(
                error,
                id: fields?.word("conversation_id"),
                raw: Array(body[row.range])
            )
        }
    }

    private static func content(_ value: JSONValue) -> FetchedConversation.Content {
        do throws(RecordError) {
            return .readable(try ConversationDetail(json: value))
        } catch {
            return .unreadable(error)
        }
    }

    /// The walk ends when either sign of its end is there.
    private static func nextCursor(_ rest: JSONObject) -> String? {
        let fields = Fields(.object(rest), oddities: Fields.Oddities())
        guard let cursor = fields?.word("next_cursor"), fields?.flag("has_more") == true else {
            return nil
        }
        return cursor
    }

    // MARK: Requests

    /// Makes a request until it succeeds, cannot succeed, or has been tried often enough.
    private func call<Value>(
        _ path: String,
        _ items: [(String, String)],
        method: HTTPMethod = .get,
        _ read: (HTTPResponse) throws(ElevenLabsError) -> Value
    ) async throws(ElevenLabsError) -> Value {
        let request = HTTPRequest(
            method: method,
            url: baseURL + path + PercentEncoding.query(items),
            headers: [
                HTTPHeader("xi-api-key", key.text), HTTPHeader("accept", "application/json"),
            ],
            timeouts: timeouts,
            responseBytesMax: ElevenLabsLimits.responseBytesMax
        )
        var attempt = 1
        var garbled = 0
        while true {
            // Bytes that were spoilt on the way come right the next time; a record that is broken
            // upstream does not, and is read as far as it goes.
            let takesAnyText = garbled == ElevenLabsLimits.attemptsMax - 1
            do throws(ElevenLabsError) {
                return try await permits.use { () async throws(ElevenLabsError) in
                    let response = try await answer(to: request)
                    guard takesAnyText || Self.isText(response.body) else { throw Self.noText }
                    return try read(response)
                }
            } catch {
                if error == Self.noText { garbled += 1 }
                guard attempt < ElevenLabsLimits.attemptsMax,
                    let wait = pause(before: error, attempt)
                else { throw error }
                try await permits.sleep(for: wait)
                attempt += 1
            }
        }
    }

    private static let noText = ElevenLabsError.malformed(reason: "no UTF-8")

    private static func isText(_ body: [UInt8]) -> Bool {
        do {
            _ = try UTF8Span(validating: body.span)
            return true
        } catch {
            return false
        }
    }

    /// How long to wait before the same request again; nil when that is no use, or not now.
    private func pause(before error: ElevenLabsError, _ attempt: Int) -> Duration? {
        guard error.isTransient else { return nil }
        if case .busy = error { return nil }
        if case .budget = error { return nil }
        if case .resting(let wait) = error, wait > ElevenLabsLimits.openWaitMax { return nil }
        let backoff = ElevenLabsLimits.backoffBase * (1 << (attempt - 1))
        let wait = max(backoff * (0.5 + ambient.chance()), error.retryAfter ?? .zero)
        return wait <= ElevenLabsLimits.inlineWaitMax ? wait : nil
    }

    private func answer(
        to request: HTTPRequest
    ) async throws(ElevenLabsError) -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await transport(request)
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .tooLarge(let limit): throw .tooLarge(limit: limit)
            default: throw .network(error)
            }
        }
        guard !(200..<300).contains(response.status) else { return response }
        let error = refusal(response)
        logger.debug(
            "Upstream refused a request.",
            metadata: [
                "status": "\(response.status)",
                "request": "\(response.headers["request-id"] ?? "none")",
            ]
        )
        throw error
    }

    private func refusal(_ response: HTTPResponse) -> ElevenLabsError {
        let body = ErrorBody(response.body)
        let answer = UpstreamAnswer(
            status: response.status,
            code: AnswerRules.code(of: body).map(shown),
            message: body.message.map(shown),
            field: body.field.map(shown),
            requestID: (body.requestID ?? response.headers["request-id"]).map(shown)
        )
        return AnswerRules.error(
            status: response.status,
            body: body,
            answer: answer,
            retryAfter: RetryAfter.wait(in: response.headers, now: ambient.now())
        )
    }

    /// A text of the upstream without our key, which it might echo, and without its end.
    private func shown(_ text: String) -> String {
        let text =
            key.text.isEmpty
            ? text
            : text.split(separator: key.text, omittingEmptySubsequences: false).joined(
                separator: "[key]"
            )
        return String(text.prefix(ElevenLabsLimits.messageCharactersMax))
    }
}
