import Foundation
import HTTPTypes
import Hummingbird

/// The parameters behind an address's question mark, checked.
struct Query {
    private let path: String
    private let values: [(name: String, value: String)]

    init(_ request: Request) {
        path = request.uri.path
        values = FormFields(request).items
    }

    private init(path: String, values: [(name: String, value: String)]) {
        self.path = path
        self.values = values
    }

    /// The same with a form's fields, which go before what the address says.
    func adding(_ fields: [(name: String, value: String)]) -> Query {
        Query(path: path, values: fields + values)
    }

    /// A text that is there and not empty.
    func text(_ name: String, lengthMax: Int = 256) throws(APIError) -> String? {
        guard let value = values.first(where: { $0.name == name })?.value, !value.isEmpty else {
            return nil
        }
        guard value.utf8.count <= lengthMax, !value.utf8.contains(0) else {
            throw APIError(.badRequest, "\(name) may have \(lengthMax) bytes.")
        }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let value = values.first(where: { $0.name == name })?.value else { return nil }
        guard let number = Int(value), range.contains(number) else {
            throw APIError(
                .badRequest,
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return number
    }

    /// One of a few words.
    func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        as type: Word.Type = Word.self
    ) throws(APIError) -> Word? where Word.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(.badRequest, "\(name) must be one of \(words).")
        }
        return word
    }

    func flag(_ name: String) throws(APIError) -> Bool {
        switch try text(name) {
        case nil, "false", "0": return false
        // A form's checkbox says that it is on.
        case "true", "1", "on": return true
        default: throw APIError(.badRequest, "\(name) must be true or false.")
        }
    }

    /// Items of a page.
    func limit() throws(APIError) -> Int {
        try integer("limit", in: 1...WebLimits.pageMax) ?? WebLimits.pageStandard
    }

    static var linkHeader: HTTPField.Name {
        guard let name = HTTPField.Name("Link") else { preconditionFailure("Link is a name.") }
        return name
    }

    /// A `Link` header to the next page of the same list.
    func link(to path: String? = nil, cursor: String) -> String {
        let kept = values.filter { $0.name != "cursor" } + [(name: "cursor", value: cursor)]
        let query = kept.map {
            "\(PageQuery.escaped($0.name))=\(PageQuery.escaped($0.value))"
        }.joined(separator: "&")
        return "<\(path ?? self.path)?\(query)>; rel=\"next\""
    }
}
