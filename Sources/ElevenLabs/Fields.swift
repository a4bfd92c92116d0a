/// Reads members of an object leniently, and remembers what was not as the schema says.
///
/// A member that is absent, null or of a type that cannot be read is nil: only ids and start
/// times are needed, and a record with an odd rating is still a call.
struct Fields {
    /// Collects the names of odd members while one record is read.
    final class Oddities {
        /// Names kept of one record; a broken one would name everything.
        static let namesMax = 20

        private(set) var names: [String] = []

        func note(_ name: String) {
            if names.count < Self.namesMax, !names.contains(name) { names.append(name) }
        }
    }

    private let object: JSONObject
    private let path: String
    let oddities: Oddities

    init?(_ value: JSONValue?, path: String = "", oddities: Oddities) {
        guard case .object(let object) = value else { return nil }
        self.object = object
        self.path = path
        self.oddities = oddities
    }

    /// A text; a number or a boolean is taken as its text.
    func text(_ name: String) -> String? {
        switch object[name] {
        case nil, .null: nil
        case .text(let text): text
        case .integer(let integer): String(integer)
        case .number(let number): String(number)
        case .bool(let flag): String(flag)
        case .list, .object: odd(name)
        }
    }

    /// A text that is not empty.
    func word(_ name: String) -> String? {
        text(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    func open<Value: OpenValue>(_ name: String, _: Value.Type = Value.self) -> Value? {
        word(name).map { Value(rawValue: $0) }
    }

    /// A whole number; fractions are cut off, and a number in a text is read.
    func integer(_ name: String) -> Int? {
        switch object[name] {
        case nil, .null: nil
        case .integer(let integer): Int(integer)
        case .number(let number): Self.integer(number) ?? odd(name)
        case .text(let text):
            Int(text) ?? Double(text).flatMap(Self.integer) ?? (text.isEmpty ? nil : odd(name))
        case .bool, .list, .object: odd(name)
        }
    }

    func number(_ name: String) -> Double? {
        switch object[name] {
        case nil, .null: nil
        case .integer(let integer): Double(integer)
        case .number(let number): number
        case .text(let text):
            Double(text).flatMap { $0.isFinite ? $0 : nil } ?? (text.isEmpty ? nil : odd(name))
        case .bool, .list, .object: odd(name)
        }
    }

    func flag(_ name: String) -> Bool? {
        switch object[name] {
        case nil, .null: nil
        case .bool(let flag): flag
        case .integer(0), .text("false"): false
        case .integer(1), .text("true"): true
        default: odd(name)
        }
    }

    /// A list; null and absent are an empty one.
    func list(_ name: String) -> [JSONValue] {
        switch object[name] {
        case nil, .null: []
        case .list(let list): list
        default: odd(name) ?? []
        }
    }

    func texts(_ name: String) -> [String] {
        list(name).compactMap { element in
            if case .text(let text) = element { text } else { odd(name) }
        }
    }

    func fields(_ name: String) -> Fields? {
        switch object[name] {
        case nil, .null: nil
        case .object: Fields(object[name], path: path + name + ".", oddities: oddities)
        default: odd(name)
        }
    }

    /// The objects of a list; what is none is left out and noted.
    func rows(_ name: String) -> [Fields] {
        list(name).compactMap { element in
            Fields(element, path: path + name + ".", oddities: oddities) ?? odd(name)
        }
    }

    func value(_ name: String) -> JSONValue? {
        object[name].flatMap { $0 == .null ? nil : $0 }
    }

    /// The members of an object by name, without nulls.
    func members(_ name: String) -> [JSONObject.Member] {
        switch object[name] {
        case nil, .null: []
        case .object(let object): object.sorted.filter { $0.value != .null }
        default: odd(name) ?? []
        }
    }

    func contains(_ name: String) -> Bool { value(name) != nil }

    // MARK: What a record cannot be without

    /// An id: not empty and no longer than any id can be.
    func id(_ name: String) throws(RecordError) -> String {
        guard let id = word(name) else { throw RecordError(field: path + name, fault: .missing) }
        guard id.utf8.count <= RecordError.idBytesMax else {
            throw RecordError(field: path + name, fault: .outOfRange)
        }
        return id
    }

    /// A start time in Unix seconds; never guessed.
    func startTime(_ name: String) throws(RecordError) -> Int64 {
        guard let seconds = integer(name) else {
            throw RecordError(field: path + name, fault: contains(name) ? .malformed : .missing)
        }
        guard RecordError.unixSeconds.contains(seconds) else {
            throw RecordError(field: path + name, fault: .outOfRange)
        }
        return Int64(seconds)
    }

    private func odd<Value>(_ name: String) -> Value? {
        oddities.note(path + name)
        return nil
    }

    private static func integer(_ number: Double) -> Int? {
        Int(exactly: number.rounded(.towardZero))
    }
}

/// Why a record cannot be understood; it is kept raw.
package struct RecordError: Error, Sendable, Equatable {
    package enum Fault: String, Sendable, Equatable {
        case missing
        case malformed
        case outOfRange
        case notAnObject
    }

    /// The member at fault, with its path; empty for the record as a whole.
    package let field: String
    package let fault: Fault

    package init(field: String, fault: Fault) {
        self.field = field
        self.fault = fault
    }

    /// Ids have 20 to 40 characters today.
    static let idBytesMax = 512

    /// From the second after 1970 to the end of the year 9999: milliseconds fall outside.
    static let unixSeconds = 1...253_402_300_799

    package var description: String {
        field.isEmpty ? "record: \(fault.rawValue)" : "\(field): \(fault.rawValue)"
    }
}
