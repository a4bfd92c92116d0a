import GRDB

/// Where the texts of a call stand in the index of words.
enum TextPlace {
    /// Places of one call: turns first, title and summary last.
    static let perCall = 1 << 20
    static let title = perCall - 2
    static let summary = perCall - 1
}

/// How far the index of words is.
struct TextIndexState {
    var filledTo: Int64
    var filledEnd: Int64
    var owesMerge: Bool
    var movedMilliseconds: Int64

    /// Whether all texts are in it.
    var isFilled: Bool { filledTo >= filledEnd }

    static func read(_ database: Database) throws -> TextIndexState {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: "select * from call_texts_state")
        )
        return TextIndexState(
            filledTo: row?["filled_to"] ?? 0,
            filledEnd: row?["filled_end"] ?? 0,
            owesMerge: row?["owes_merge"] ?? false,
            movedMilliseconds: row?["moved_ms"] ?? 0
        )
    }
}

/// How far the index of words is filled, for people.
package struct TextIndexProgress: Hashable, Sendable {
    /// Calls whose texts are in it.
    package var calls: Int
    package var callsAll: Int

    /// Whether nothing is left to do.
    package var isComplete: Bool

    /// When it was last filled on, Unix milliseconds.
    package var movedMilliseconds: Int64

    package init(calls: Int, callsAll: Int, isComplete: Bool, movedMilliseconds: Int64) {
        self.calls = calls
        self.callsAll = callsAll
        self.isComplete = isComplete
        self.movedMilliseconds = movedMilliseconds
    }
}

extension CallStore {
    /// How far the index of words is; counts the calls, so it is for an operator's command.
    package func textIndexProgress() async throws(StoreError) -> TextIndexProgress {
        try await read { database in
            let state = try TextIndexState.read(database)
            let counts = try Row.fetchOne(
                database,
                sql: """
                    select count(*) as "all", count(*) filter (where id > ? and id <= ?) as missing
                    from calls
                    """,
                arguments: [state.filledTo, state.filledEnd]
            )
            let all: Int = counts?["all"] ?? 0
            let missing: Int = counts?["missing"] ?? 0
            return TextIndexProgress(
                calls: all - missing,
                callsAll: all,
                isComplete: state.isFilled,
                movedMilliseconds: state.movedMilliseconds
            )
        }
    }
}

/// The numbers of the index of words.
enum TextIndexLimits {
    /// Pages of 4 KiB that one transaction merges: about a tenth of a second of the store's lock.
    static let mergedPages = 500
}

extension StoreWriter {
    /// Puts texts into the index of words that were there before it was.
    ///
    /// - Parameter limit: Most calls.
    /// - Returns: Whether more are left.
    /// - Throws: Errors of the database.
    package func indexTexts(limit: Int) throws -> Bool {
        let state = try TextIndexState.read(database)
        guard !state.isFilled else { return false }
        let last =
            try Int64.fetchOne(
                database,
                sql: "select id from calls where id > ? and id <= ? order by id limit 1 offset ?",
                arguments: [state.filledTo, state.filledEnd, limit - 1]
            ) ?? state.filledEnd
        let span: StatementArguments = [state.filledTo, last]
        try run(
            """
            insert into call_texts (rowid, words)
            select call_id * \(TextPlace.perCall) + position, message from turns
            where call_id > ? and call_id <= ? and message is not null
                and position < \(TextPlace.title)
            """,
            span
        )
        for (column, place) in [("title", TextPlace.title), ("summary", TextPlace.summary)] {
            try run(
                """
                insert into call_texts (rowid, words)
                select id * \(TextPlace.perCall) + \(place), \(column) from calls
                where id > ? and id <= ? and \(column) is not null
                """,
                span
            )
        }
        try run("update call_texts_state set filled_to = ?, moved_ms = ?", [last, nowMilliseconds])
        return last < state.filledEnd
    }

    /// Takes one step towards an index that holds no word of a text that was removed for good.
    ///
    /// - Returns: Whether more is left.
    /// - Throws: Errors of the database.
    package func mergeTexts() throws -> Bool {
        guard try TextIndexState.read(database).owesMerge else { return false }
        let before = database.totalChangesCount
        // Negative: all parts of the index, not those alone that are due.
        try run(
            "insert into call_texts (call_texts, rank) values ('merge', ?)",
            [-TextIndexLimits.mergedPages]
        )
        // The statement counts as one change itself; more are work.
        guard database.totalChangesCount - before < 2 else { return true }
        try run("update call_texts_state set owes_merge = 0")
        return false
    }

    /// Notes that older parts of the index of words hold some of a text that was removed for good.
    func oweTextMerge() throws {
        try run("update call_texts_state set owes_merge = 1 where owes_merge = 0")
    }
}
