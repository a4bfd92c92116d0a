import JobQueue

/// The body of a refusal, in whichever of its three shapes it came.
struct ErrorBody: Equatable {
    /// Both words that may be the specific one: some answers have a generic `code` and the
    /// specific word in the older `status`.
    var words: [String] = []
    var message: String?
    var field: String?
    var requestID: String?

    /// Reads what can be read; a body that is no JSON at all gives nothing.
    init(_ body: [UInt8]) {
        guard body.count <= ElevenLabsLimits.errorBytesMax,
            let json = Self.json(body), let detail = json["detail"] ?? json["error"]
        else { return }
        switch detail {
        case .text(let text):
            message = text
        case .list(let faults):
            readValidation(faults)
        case .object:
            guard let fields = Fields(detail, oddities: Fields.Oddities()) else { return }
            words = ["code", "status", "type"].compactMap { fields.word($0) }
            message = fields.word("message")
            field = fields.word("param")
            requestID = fields.word("request_id")
        default:
            return
        }
    }

    private mutating func readValidation(_ faults: [JSONValue]) {
        guard let first = Fields(faults.first, oddities: Fields.Oddities()) else { return }
        words = first.word("type").map { [$0] } ?? []
        message = first.word("msg")
        let places = first.list("loc").map { place in
            if case .text(let text) = place { text } else { place.json }
        }
        field = places.isEmpty ? nil : places.joined(separator: ".")
    }

    private static func json(_ body: [UInt8]) -> JSONValue? {
        do {
            return try JSONParser.parse(body)
        } catch {
            // A gateway's page, or nothing: the status alone decides then.
            return nil
        }
    }
}

/// Decides what an answer means.
enum AnswerRules {
    private static let keyWords: Set<String> = [
        "invalid_api_key", "missing_api_key", "needs_authorization",
    ]
    private static let permissionWords: Set<String> = [
        "missing_permissions", "missing_permission", "insufficient_permissions",
    ]
    private static let quotaWords: Set<String> = [
        "quota_exceeded", "insufficient_credits", "payment_required",
    ]
    private static let blockedWords: Set<String> = [
        "detected_unusual_activity", "feature_not_available", "account_suspended",
    ]
    private static let concurrencyWords: Set<String> = [
        "concurrent_limit_exceeded", "too_many_concurrent_requests",
    ]

    /// The error of an answer that is not 2xx.
    static func error(
        status: Int,
        body: ErrorBody,
        answer: UpstreamAnswer,
        retryAfter: Duration?
    ) -> ElevenLabsError {
        func has(_ words: Set<String>) -> Bool { body.words.contains { words.contains($0) } }
        switch status {
        case 429:
            return has(concurrencyWords)
                ? .concurrencyLimited(retryAfter: retryAfter)
                : .rateLimited(retryAfter: retryAfter)
        case 401, 402, 403:
            if has(permissionWords) { return .missingPermission(answer) }
            if has(quotaWords) { return .quota(answer) }
            if has(blockedWords) { return .blocked(answer) }
            if has(keyWords) { return .invalidKey(answer) }
            return status == 401
                ? .invalidKey(answer) : status == 402 ? .quota(answer) : .blocked(answer)
        case 404, 410:
            return .notFound(answer)
        case 400, 422:
            return .validation(answer)
        // What the vendor's own client repeats.
        case 408, 409, 425, 500...599:
            return .unavailable(status: status, retryAfter: retryAfter)
        default:
            return .unexpected(answer)
        }
    }

    /// The word that says most: one that a rule knows, else the first.
    static func code(of body: ErrorBody) -> String? {
        let known = keyWords.union(permissionWords).union(quotaWords).union(blockedWords)
            .union(concurrencyWords)
        return body.words.first { known.contains($0) } ?? body.words.first
    }

    /// What the shared budget should learn of an outcome.
    static func feedback(on outcome: Result<Void, ElevenLabsError>) -> BudgetFeedback {
        switch outcome {
        case .success: .succeeded
        case .failure(.concurrencyLimited(let wait)): .concurrencyLimited(retryAfter: wait)
        case .failure(.rateLimited(let wait)): .rateLimited(retryAfter: wait)
        case .failure(.unavailable(_, let wait)): .failed(retryAfter: wait)
        case .failure(.network), .failure(.malformed): .failed()
        case .failure(.cancelled), .failure(.busy), .failure(.resting), .failure(.budget): .unused
        // A refusal is a healthy answer.
        case .failure: .succeeded
        }
    }
}
