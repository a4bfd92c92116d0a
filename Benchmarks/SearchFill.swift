import Ambient
import CallStore
import GRDB

/// Gives the calls of a filled store something to be found by.
enum SearchFill {
    /// Said in one call of ten thousand.
    static let rare = "zebra"

    /// Stands in every call, and is typed without its end.
    static let common = "appointment"

    /// Calls of one step of the index, as an upkeep job takes them.
    private static let step = 1_000

    static func fill(_ file: String, ambient: Ambient) async throws {
        let database = try DatabaseQueue(path: file)
        try await database.write { database in
            // What was there before the index: steps of it add that, and no triggers.
            try database.execute(
                sql: """
                    update call_texts_state
                    set filled_to = 0, filled_end = (select max(id) from calls);
                    insert into turns (
                        call_id, position, speaker, message, seconds_in, was_interrupted
                    )
                    select id, 0, 'agent',
                        'Good morning, this is reception ' || (id % 5)
                            || ' of the practice. How may I help you today?', 0, 0
                    from calls;
                    insert into turns (
                        call_id, position, speaker, message, seconds_in, was_interrupted
                    )
                    select id, 1, 'caller',
                        'I would like to speak about case ' || (id % 9973)
                            || iif(id % 20 = 0, ' and the invoice', ' and the letter')
                            || iif(id % 10000 = 0, ' with the zebra', '') || ', please.', 6, 0
                    from calls;
                    """
            )
        }
        try database.close()
        let store = try await CallStore.open(path: file, ambient: ambient)
        while try await store.write({ try $0.indexTexts(limit: step) }) {}
        try store.close()
    }
}
