package import ElevenLabs

/// Where conversations come from: the ElevenLabs API, or a test's script of it.
package protocol ConversationSource: Sendable {
    /// One page of the list; rows that make no sense are kept raw.
    func conversations(
        _ query: ConversationQuery
    ) async throws(ElevenLabsError) -> ConversationPage

    /// One conversation, whole, with the bytes it came in.
    func conversation(_ id: String) async throws(ElevenLabsError) -> FetchedConversation

    /// Deletes one conversation for good; one that is not there is `notFound`.
    func deleteConversation(_ id: String) async throws(ElevenLabsError)
}

extension ElevenLabsClient: ConversationSource {}
