import NIOCore

extension SimulatedUpstream {
    /// Answers a request as a well-behaved upstream does.
    func answer(_ request: APIRequest) -> APIReply {
        if request.path == ["v1", "workspace", "webhooks"] { return webhooks(request) }
        guard request.path.first == "v1", request.path.count > 2, request.path[1] == "convai" else {
            return APIError.unknownRoute
        }
        let route = Array(request.path.dropFirst(2))
        // Ratings need no key: the widget sends none.
        if route.count == 3, route[0] == "conversations", route[2] == "feedback" {
            guard request.method == "POST" else { return APIError.wrongMethod }
            return feedback(route[1], request.body)
        }
        guard let handler = handler(route) else { return APIError.unknownRoute }
        if let refusal = keyRefusal(request.apiKey) { return refusal }
        do {
            return try handler(request) ?? APIError.wrongMethod
        } catch let problem as InvalidParameter {
            return APIError.invalid(problem)
        } catch {
            preconditionFailure("Handlers throw nothing but refused parameters: \(error)")
        }
    }

    private typealias Handler = (APIRequest) throws -> APIReply?

    /// The handler of a route, which answers nil to a method it does not know.
    private func handler(_ route: [String]) -> Handler? {
        switch (route[0], route.count) {
        case ("conversations", 1):
            { $0.method == "GET" ? try list($0.query) : nil }
        case ("conversations", 2):
            { request in
                switch request.method {
                case "GET": try detail(route[1], request.query)
                case "DELETE": delete(route[1])
                default: nil
                }
            }
        case ("conversations", 3) where route[2] == "audio":
            { $0.method == "GET" ? audio(route[1]) : nil }
        case ("conversations", 3) where route[2] == "summary":
            { $0.method == "GET" ? try summary(route[1], $0.query) : nil }
        case ("agents", 1):
            { $0.method == "GET" ? try agents($0.query) : nil }
        case ("phone-numbers", 1):
            { $0.method == "GET" ? phoneNumbers($0.query) : nil }
        case ("v2", 2) where route[1] == "phone-numbers":
            { $0.method == "GET" ? phoneNumbersPage($0.query) : nil }
        case ("analytics", 2) where route[1] == "live-count":
            { $0.method == "GET" ? liveCount() : nil }
        default:
            nil
        }
    }

    private func keyRefusal(_ key: String?) -> APIReply? {
        guard key != apiKey else { return nil }
        return APIError.reply(
            401,
            type: "authentication_error",
            code: key == nil ? "needs_authorization" : "invalid_api_key",
            message: key == nil
                ? "Neither authorization header nor xi-api-key received, please provide one."
                : "Invalid API key",
            requestID: requestID()
        )
    }

    // MARK: One conversation

    private func detail(_ identifier: String, _ query: Query) throws -> APIReply {
        let now = now
        let format = try ListQuery.choice(
            "format",
            query.value("format") ?? "json",
            ["json", "opentelemetry"]
        )
        guard let index = world.index(ofConversation: identifier, at: now) else {
            return APIError.noConversation(identifier, requestID: requestID())
        }
        var detail = world.record(index, at: now).detail()
        if format == "opentelemetry" { detail["otlp_traces"] = ["resourceSpans": []] }
        let profile = faults.profile
        if profile.has(.malformedRecords), Hostility.isMalformed(index) {
            faults.count("malformed_detail")
        }
        detail = Hostility.dress(detail: detail, of: index, profile, seed: world.settings.seed)
        return APIReply(200, detail)
    }

    private func delete(_ identifier: String) -> APIReply {
        guard let index = world.index(ofConversation: identifier, at: now), world.delete(index)
        else { return APIError.noConversation(identifier, requestID: requestID()) }
        return APIReply(200, [:])
    }

    private func audio(_ identifier: String) -> APIReply {
        let now = now
        guard let index = world.index(ofConversation: identifier, at: now) else {
            return APIError.noConversation(identifier, requestID: requestID())
        }
        guard world.record(index, at: now).hasAudio else {
            return APIError.reply(
                404,
                type: "not_found",
                code: "audio_not_found",
                message: "The conversation has no audio.",
                requestID: requestID()
            )
        }
        return APIReply(200, contentType: "audio/mpeg", body: .whole(SilentAudio.buffer))
    }

    private func feedback(_ identifier: String, _ body: ByteBuffer) -> APIReply {
        guard let index = world.index(ofConversation: identifier, at: now) else {
            return APIError.noConversation(identifier, requestID: requestID())
        }
        do {
            world.give(try FeedbackBody(body).feedback, to: index)
            return APIReply(200, ["status": "ok"])
        } catch {
            return APIError.invalid(
                InvalidParameter(
                    place: "body",
                    name: "feedback",
                    input: "",
                    type: "value_error",
                    message: "Value error, expected feedback like or dislike, or a rating 1 to 5"
                )
            )
        }
    }

    /// Messages are in the summary only when there are no more than this.
    private static let summaryMessages = 20

    private func summary(_ identifier: String, _ query: Query) throws -> APIReply {
        let now = now
        let most = try ListQuery.int(query, "max_messages", 0...1_000) ?? Self.summaryMessages
        guard let index = world.index(ofConversation: identifier, at: now) else {
            return APIError.noConversation(identifier, requestID: requestID())
        }
        let record = world.record(index, at: now)
        let messages = record.messages
        let fits = messages.count <= most
        return APIReply(
            200,
            [
                "conversation_id": .string(identifier),
                "agent_id": .string(record.agent.identifier),
                "status": .string(record.status.rawValue),
                "call_summary_title": JSON(record.showsWords ? record.verdict.title : nil),
                "transcript_summary": JSON(record.showsWords ? record.verdict.summary : nil),
                "call_successful": .string(record.successful.rawValue),
                "message_count": .int(messages.count),
                "messages": fits ? .array(messages) : nil,
                "messages_omitted": .bool(!fits),
                "note": fits
                    ? "All messages are included."
                    : "Fetch the conversation for its messages.",
            ]
        )
    }

    // MARK: The workspace

    private func webhooks(_ request: APIRequest) -> APIReply {
        guard request.method == "GET" else { return APIError.wrongMethod }
        if let refusal = keyRefusal(request.apiKey) { return refusal }
        return APIReply(200, ["webhooks": webhooks.json(faults.profile, at: now)])
    }

    private func agents(_ query: Query) throws -> APIReply {
        let size = try ListQuery.int(query, "page_size", ListQuery.pageSizes) ?? 30
        let search = query.value("search")?.lowercased() ?? ""
        let listed = world.agents.all.filter {
            $0.isListed && (search.isEmpty || $0.name.lowercased().contains(search))
        }
        let archived = try query.value("archived").map { try ListQuery.bool("archived", $0) }
        let shown = archived == true ? [] : listed
        let first = query.value("cursor").flatMap { Int($0, radix: 36) } ?? 0
        let page = shown.dropFirst(first).prefix(size)
        let hasMore = first + page.count < shown.count
        return APIReply(
            200,
            [
                "agents": .array(page.map(\.json)),
                "next_cursor": hasMore ? .string(String(first + page.count, radix: 36)) : nil,
                "has_more": .bool(hasMore),
            ]
        )
    }

    private func phoneNumbers(_ query: Query) -> APIReply {
        APIReply(200, .array(lines(query)))
    }

    private func phoneNumbersPage(_ query: Query) -> APIReply {
        APIReply(
            200,
            ["phone_numbers": .array(lines(query)), "next_cursor": nil, "has_more": false]
        )
    }

    private func lines(_ query: Query) -> [JSON] {
        let agent = query.value("agent_id")
        let provider = query.value("provider")
        return world.agents.lines.filter { line in
            (agent ?? world.agents.all[line.agent].identifier)
                == world.agents.all[line.agent].identifier
                && (provider ?? line.carrier.rawValue) == line.carrier.rawValue
        }.map { $0.json(of: world.agents.all[$0.agent]) }
    }

    /// Calls that started longer ago than this are over or stuck.
    private static let liveWithin = 1_200

    private func liveCount() -> APIReply {
        let now = now
        let newest = world.count(at: now)
        let oldest = world.count(at: now - Self.liveWithin)
        let live = (oldest..<newest).count { index in
            world.planner.plan(index).status(at: now) == .inProgress
        }
        return APIReply(200, ["count": .int(live)])
    }
}

extension CallRecord {
    /// The messages alone, as the summary has them.
    fileprivate var messages: [JSON] {
        guard hasTranscript else { return [] }
        return script.turns.compactMap { turn in
            words(of: turn).map { text in
                ["role": turn.byAgent ? "agent" : "user", "message": .string(text)]
            }
        }
    }
}
