/// One webhook of the workspace, as the upstream tells of it.
package struct WorkspaceWebhook: Sendable, Hashable {
    package var id: String
    package var name: String?

    /// Where it is sent to.
    package var url: String?

    /// Switched off by a person, or by the upstream after too many failures; nothing is sent then,
    /// and nothing is sent again later.
    package var isDisabled: Bool
    package var isAutoDisabled: Bool

    /// Whether failed deliveries are repeated; nil where the upstream does not say.
    package var retries: Bool?

    /// The newest failed delivery: its HTTP status, and when, Unix seconds.
    package var failureCode: Int?
    package var failureUnix: Int64?

    package init(
        id: String,
        name: String? = nil,
        url: String? = nil,
        isDisabled: Bool = false,
        isAutoDisabled: Bool = false,
        retries: Bool? = nil,
        failureCode: Int? = nil,
        failureUnix: Int64? = nil
    ) {
        self.id = id
        self.name = name
        self.url = url
        self.isDisabled = isDisabled
        self.isAutoDisabled = isAutoDisabled
        self.retries = retries
        self.failureCode = failureCode
        self.failureUnix = failureUnix
    }
}

extension WorkspaceWebhook {
    init(json value: JSONValue) throws(RecordError) {
        guard let fields = Fields(value, oddities: Fields.Oddities()) else {
            throw RecordError(field: "", fault: .notAnObject)
        }
        self.init(
            id: try fields.id("webhook_id"),
            name: fields.word("name"),
            url: fields.word("webhook_url"),
            isDisabled: fields.flag("is_disabled") ?? false,
            isAutoDisabled: fields.flag("is_auto_disabled") ?? false,
            retries: fields.flag("retry_enabled"),
            failureCode: fields.integer("most_recent_failure_error_code"),
            failureUnix: fields.integer("most_recent_failure_timestamp").map(Int64.init)
        )
    }
}
