import GRDB

/// A search as a condition on calls, made for one look at the store.
///
/// Where few texts hold one of the words, the index names the calls, and nothing has to be looked
/// through. Where all words are common, or while the index is not filled yet, calls are looked through,
/// of which the index says whether they hold the words.
struct SearchCondition {
    /// Texts of a word up to which the index names the calls; a word with more is common.
    static let textsMax = 20_000

    /// Texts of a rare word up to which its calls are asked for common words one by one.
    static let askedMax = 1_000

    /// Whether it names the calls, instead of looking through them.
    let isNarrow: Bool

    private let text: String
    private let workspace: String
    private let state: TextIndexState
    private var rare: [SearchWords.Word] = []
    private var common: [SearchWords.Word] = []

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
        self.text = text
        self.workspace = workspace ?? CallIdentity.defaultWorkspace
        state = try TextIndexState.read(database)
        var fewest = Int.max
        for var word in SearchWords(text).words {
            if word.mayGoOn, try Self.texts(of: word.phrase, in: database) == Self.textsMax {
                // Enough begins with it that is the word itself.
                word.mayGoOn = false
            }
            let count = try Self.texts(of: word.expression, in: database)
            fewest = min(fewest, count)
            if count < Self.textsMax { rare.append(word) } else { common.append(word) }
        }
        let isNamed = !rare.isEmpty && (common.isEmpty || fewest <= Self.askedMax)
        isNarrow = state.isFilled && (isNamed || common.isEmpty)
    }

    /// How many texts hold an expression, up to the number from which on it is common.
    private static func texts(of expression: String, in database: Database) throws -> Int {
        try Int.fetchOne(
            database.cachedStatement(
                sql: """
                    select count(*) from (
                        select 1 from call_texts where call_texts match ? limit ?
                    )
                    """
            ),
            arguments: [expression, textsMax]
        ) ?? 0
    }

    /// The condition on the rows of `calls`, joined with their parties.
    ///
    /// - Parameter calls: Ids between which all calls are that are looked through, where they are few.
    /// - Returns: What stands after `where`, and its values.
    func sql(among calls: ClosedRange<Int64>? = nil) -> (sql: String, arguments: StatementArguments)
    {
        isNarrow ? narrow : wide(calls)
    }

    private func wide(
        _ calls: ClosedRange<Int64>?
    ) -> (sql: String, arguments: StatementArguments) {
        let all = (rare + common).map { condition($0, of: "calls.id", calls) }
        return (
            """
            (
                calls.conversation_id = ? or call_parties.e164 = ?
                or (\(all.isEmpty ? "false" : all.map(\.sql).joined(separator: " and ")))
            )
            """,
            all.reduce([text, text]) { $0 + $1.arguments }
        )
    }

    private var narrow: (sql: String, arguments: StatementArguments) {
        var sql = """
            calls.id in (
                select id from calls where workspace = ? and conversation_id = ?
                union select call_id from call_parties where e164 = ?
            """
        var values: StatementArguments = [workspace, text, text]
        if !rare.isEmpty {
            let hits = rare.map { _ in
                "select rowid / \(TextPlace.perCall) as id from call_texts where call_texts match ?"
            }
            let rest = common.map { condition($0, of: "hits.id", nil) }
            sql += """

                union select id from (\(hits.joined(separator: " intersect "))) as hits
                where \((["true"] + rest.map(\.sql)).joined(separator: " and "))
                """
            for word in rare { values += [word.expression] }
            values = rest.reduce(values) { $0 + $1.arguments }
        }
        return (sql + "\n)", values)
    }

    /// Whether a call holds a word, asked of the index, or of its texts while they are not in it.
    private func condition(
        _ word: SearchWords.Word,
        of id: String,
        _ calls: ClosedRange<Int64>?
    ) -> (sql: String, arguments: StatementArguments) {
        let (indexed, values) = Self.indexed(word, id, calls)
        guard !state.isFilled else { return (indexed, values) }
        let pattern = "%\(Self.literal(word.text))%"
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
            [state.filledTo, state.filledEnd] + values + [pattern, pattern, pattern]
        )
    }

    /// Whether the index holds a word of a call.
    ///
    /// All calls of the word are listed once where they lie close together. The beginning of a word is
    /// always listed: the index puts its texts together anew for each call that it is asked of.
    private static func indexed(
        _ word: SearchWords.Word,
        _ id: String,
        _ calls: ClosedRange<Int64>?
    ) -> (sql: String, arguments: StatementArguments) {
        let places = TextPlace.perCall
        if let calls {
            return (
                """
                \(id) in (
                    select rowid / \(places) from call_texts where call_texts match ?
                    and rowid between ? * \(places) and ? * \(places) + \(places - 1)
                )
                """,
                [word.expression, calls.lowerBound, calls.upperBound]
            )
        }
        guard !word.mayGoOn else {
            return (
                "\(id) in (select rowid / \(places) from call_texts where call_texts match ?)",
                [word.expression]
            )
        }
        return (
            """
            exists (
                select 1 from call_texts where call_texts match ?
                and rowid between \(id) * \(places) and \(id) * \(places) + \(places - 1)
            )
            """,
            [word.expression]
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
