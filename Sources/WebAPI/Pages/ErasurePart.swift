import CallStore
import PhoneNumbers

extension PageDesk {
    /// What erasing the caller of a call would take, and what would stay.
    func erasure(_ call: Call) async throws -> View {
        guard let caller = call.record.caller?.identity else {
            return ["nobody": "Nothing is kept by which this caller could be found."]
        }
        guard try await !store.openErasures().contains(where: { $0.caller == caller }) else {
            return ["begun": "This caller is being erased."]
        }
        let known = try await store.caller(caller)
        return [
            "offer": true, "word": ErasureEndpoints.word,
            "calls": PageWords.count(known.calls, "call"),
            "recipients": PageWords.count(known.recipients.count, "recipient"),
        ]
    }
}
