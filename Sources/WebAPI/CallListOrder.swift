import CallStore
import Foundation

/// In which order a list of calls stands.
struct CallListOrder: Sendable, Equatable {
    var column = CallColumn.time

    /// Against the usual way: the newest, the largest and A first.
    var isReversed = false

    /// Whether values grow downwards.
    var isRising: Bool { (column.sort?.isOfWords ?? false) != isReversed }

    /// As it stands in a page's address; nil for the usual one.
    var text: String? { self == CallListOrder() ? nil : word }

    private var word: String { (isReversed ? "-" : "") + column.rawValue }

    /// The order of a word such as `duration` or `-duration`.
    init?(word: String) {
        isReversed = word.hasPrefix("-")
        guard let column = CallColumn(rawValue: isReversed ? String(word.dropFirst()) : word),
            column == .time || column.sort != nil
        else { return nil }
        self.column = column
    }

    init(column: CallColumn = .time, isReversed: Bool = false) {
        self.column = column
        self.isReversed = isReversed
    }
}

/// The API's words: those of a page's address, and its own for the order by start.
extension CallListOrder: RawRepresentable, CaseIterable {
    static let allCases: [CallListOrder] =
        [CallListOrder(), CallListOrder(isReversed: true)]
        + CallColumn.allCases.filter { $0.sort != nil }.flatMap {
            [CallListOrder(column: $0), CallListOrder(column: $0, isReversed: true)]
        }

    var rawValue: String {
        guard column == .time else { return word }
        return (isReversed ? CallOrder.oldest : .newest).rawValue
    }

    init?(rawValue: String) {
        guard let found = Self.allCases.first(where: { $0.rawValue == rawValue }) else {
            return nil
        }
        self = found
    }
}

/// Where a page of a list of calls ended.
enum CallListCursor: Sendable {
    case start(CallCursor)
    case value(SortedCursor)

    /// Bytes of its text: a word has up to four for a character, and base64 a third more.
    static let bytesMax = 128 + CallSort.wordMax * 4 * 4 / 3

    /// The cursor of a text that a page in this order gave; nil for any other.
    init?(text: String, _ order: CallListOrder) {
        let parts = text.split(
            separator: ".",
            maxSplits: 3,
            omittingEmptySubsequences: false
        )
        guard parts.count >= 2, let start = Int64(parts[0]), let id = Int64(parts[1]) else {
            return nil
        }
        guard let sort = order.column.sort else {
            guard parts.count == 2 else { return nil }
            self = .start(CallCursor(startedUnix: start, id: CallID(id)))
            return
        }
        guard parts.count == 4, parts[2] == order.rawValue,
            let key = SortedCursor.Key(text: String(parts[3]), sort)
        else { return nil }
        self = .value(SortedCursor(key: key, startedUnix: start, id: CallID(id)))
    }

    func text(_ order: CallListOrder) -> String {
        switch self {
        case .start(let cursor): cursor.text
        case .value(let cursor):
            "\(cursor.startedUnix).\(cursor.id).\(order.rawValue).\(cursor.key.text)"
        }
    }
}

extension SortedCursor.Key {
    fileprivate var text: String {
        switch self {
        // A plus in an address is a space.
        case .number(let value): "\(value)".replacing("+", with: "")
        case .word(let word):
            Data(word.utf8).base64EncodedString().replacing("+", with: "-")
                .replacing("/", with: "_")
        }
    }

    fileprivate init?(text: String, _ sort: CallSort) {
        if sort.isOfWords {
            let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
            guard let data = Data(base64Encoded: base64),
                let word = String(data: data, encoding: .utf8)
            else { return nil }
            self = .word(word)
        } else {
            guard let value = Double(text), value.isFinite else { return nil }
            self = .number(value)
        }
    }
}

/// A page of a list of calls, in whatever order.
struct CallListPage: Sendable {
    var calls: [CallSummary]
    var next: CallListCursor?

    /// How many of the calls, the newest ones, were put in order; nil when all of them were.
    var newest: Int?
}

extension CallStore {
    func callList(
        _ filter: CallFilter,
        _ order: CallListOrder,
        after cursor: CallListCursor?,
        limit: Int
    ) async throws(StoreError) -> CallListPage {
        guard let sort = order.column.sort else {
            var start: CallCursor?
            if case .start(let cursor) = cursor { start = cursor }
            let page = try await calls(
                filter,
                order: order.isReversed ? .oldest : .newest,
                after: start,
                limit: limit
            )
            return CallListPage(calls: page.calls, next: page.next.map { .start($0) })
        }
        var value: SortedCursor?
        if case .value(let cursor) = cursor { value = cursor }
        let page = try await calls(
            filter,
            by: sort,
            isRising: order.isRising,
            after: value,
            limit: limit
        )
        return CallListPage(
            calls: page.calls,
            next: page.next.map { .value($0) },
            newest: page.newest
        )
    }
}
