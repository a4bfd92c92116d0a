import GRDB

/// A search as a condition on calls, made for one look at the store.
///
/// Where few texts hold one of the words, the index names the calls, and nothing has to be looked
/// through. Where all words are common, or while the index is not filled yet, each call is asked
/// whether it holds them.
struct SearchCondition {
    /// Texts of a word up to which the index names the calls; a word with more is common.
    static let textsMax = 20_000

    let sql: String
    let arguments: StatementArguments

    /// Whether it names the calls, instead of asking each.
    let isNarrow: Bool

    /// What a filter searches for; nil when that is nothing.
    init?(of filter: CallFilter, in database: Database) throws {
        guard let text = filter.search else { return nil }
        try self.init(text, workspace: filter.workspace, in: database)
    }

    /// - Parameters:
    ///   - text: What somebody looks for: words, a conversation's id or a caller's number.
    ///   - workspace: Whose conversations; nil for the usual one.
    ///   - database: Which words are common depends on it.
    /// - Throws: Errors of the database.
    init(_ text: String, workspace: String?, in database: Database) throws {
        let words = SearchWords(text).words
        let state = try TextIndexState.read(database)
        var rare: [SearchWords.Word] = []
        var common: [SearchWords.Word] = []
        for word in words {
            let count =
                try Int.fetchOne(
                    database.cachedStatement(
                        sql: """
                            select count(*) from (
                                select 1 from call_texts where call_texts match ? limit ?
                            )
                            """
                    ),
                    arguments: [word.expression, Self.textsMax]
                ) ?? 0
            if count < Self.textsMax { rare.append(word) } else { common.append(word) }
        }
        let identity = [text, text] as StatementArguments
        guard state.isFilled, words.isEmpty || !rare.isEmpty else {
            let all = words.map { Self.condition($0, of: "calls.id", state) }
            sql = """
                (
                    calls.conversation_id = ? or call_parties.e164 = ?
                    or (\(all.isEmpty ? "false" : all.map(\.sql).joined(separator: " and ")))
                )
                """
            arguments = all.reduce(identity) { $0 + $1.arguments }
            isNarrow = false
            return
        }
        isNarrow = true
        var narrow = """
            calls.id in (
                select id from calls where workspace = ? and conversation_id = ?
                union select call_id from call_parties where e164 = ?
            """
        var values: StatementArguments = [workspace ?? CallIdentity.defaultWorkspace]
        values += identity
        if !rare.isEmpty {
            let hits = rare.map { _ in
                "select rowid / \(TextPlace.perCall) as id from call_texts where call_texts match ?"
            }
            let rest = common.map { Self.condition($0, of: "hits.id", state) }
            narrow += """

                union select id from (\(hits.joined(separator: " intersect "))) as hits
                where \((["true"] + rest.map(\.sql)).joined(separator: " and "))
                """
            for word in rare { values += [word.expression] }
            values = rest.reduce(values) { $0 + $1.arguments }
        }
        sql = narrow + "\n)"
        arguments = values
    }

    /// Whether a call holds a word, asked of the index, or of its texts while they are not in it.
    private static func condition(
        _ word: SearchWords.Word,
        of id: String,
        _ state: TextIndexState
    ) -> (sql: String, arguments: StatementArguments) {
        let indexed = """
            exists (
                select 1 from call_texts where call_texts match ?
                and rowid between \(id) * \(TextPlace.perCall)
                    and \(id) * \(TextPlace.perCall) + \(TextPlace.perCall - 1)
            )
            """
        guard !state.isFilled else { return (indexed, [word.expression]) }
        let pattern = "%\(literal(word.text))%"
        return (
            """
            iif(
                \(id) <= ? or \(id) > ?, \(indexed),
                calls.title like ? escape '\\' or calls.summary like ? escape '\\'
                or exists (
                    select 1 from turns
                    where turns.call_id = \(id) and turns.message like ? escape '\\'
                )
            )
            """,
            [state.filledTo, state.filledEnd, word.expression, pattern, pattern, pattern]
        )
    }

    /// A text whose wildcards stand for themselves.
    private static func literal(_ text: String) -> String {
        text.reduce(into: "") { literal, character in
            if "%_\\".contains(character) { literal.append("\\") }
            literal.append(character)
        }
    }
}
