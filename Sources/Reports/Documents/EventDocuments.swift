package import CallStore

/// How programs read who is told of what, from the command line and over HTTP.
extension EventEndpoint {
    /// Without its secret.
    package var json: JSONValue {
        .fields(
            ("id", .integer(id.number)),
            ("url", .text(url)),
            ("events", .list(kinds.map { .text($0.rawValue) })),
            ("created", .text(ISOTime.text(milliseconds: createdMilliseconds))),
            ("waiting", .count(waiting)),
            ("failures", .count(failures))
        )
    }
}

extension EventDelivery {
    package var json: JSONValue {
        .fields(
            ("time", .text(ISOTime.text(milliseconds: atMilliseconds))),
            ("endpoint", .integer(endpoint.number)),
            ("event", event.map { .integer($0) } ?? .null),
            ("type", .text(kind)),
            ("attempt", .count(attempt)),
            ("outcome", .text(outcome.rawValue)),
            ("status", .optional(status)),
            ("reason", .optional(reason)),
            ("milliseconds", .count(milliseconds))
        )
    }
}
