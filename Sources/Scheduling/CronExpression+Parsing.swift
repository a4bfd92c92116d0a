extension CronExpression {
    /// Reads five fields, or six with seconds first.
    ///
    /// A field is a list of `*`, `a`, `a-b`, each with an optional `/step`; months and weekdays may
    /// be named by their first three letters in any case. `a/step` runs to the field's end.
    package init(parsing text: String) throws(CronError) {
        let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard fields.count == 5 || fields.count == 6 else {
            throw CronError.fieldCount(fields.count)
        }
        let given = fields.count == 6 ? fields : ["0"] + fields
        seconds = try Self.bits(of: given[0], .second)
        minutes = try Self.bits(of: given[1], .minute)
        hours = try Self.bits(of: given[2], .hour)
        daysOfMonth = try Self.bits(of: given[3], .dayOfMonth)
        months = try Self.bits(of: given[4], .month)
        daysOfWeek = try Self.bits(of: given[5], .dayOfWeek)
        eitherDay = !given[3].hasPrefix("*") && !given[5].hasPrefix("*")
        isHourRecurring = given[2].contains("*") || given[2].contains("/")
        // From 2000 on, so that the answer is the same whenever it is asked.
        guard nextMatch(from: 946_684_800) != nil else { throw CronError.neverFires }
    }

    private static func bits(of text: String, _ field: CronField) throws(CronError) -> UInt64 {
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            bits |= try self.bits(ofPart: String(part), field)
        }
        if field == .dayOfWeek, bits.hasBit(7) {
            // Sunday is 0 and 7.
            bits = (bits | 1) & 0x7F
        }
        return bits
    }

    private static func bits(ofPart text: String, _ field: CronField) throws(CronError) -> UInt64 {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let body = halves.first, !body.isEmpty else {
            throw CronError.field(field, text: text, problem: .empty)
        }
        guard halves.count <= 2 else {
            throw CronError.field(field, text: text, problem: .step)
        }
        var step = 1
        if halves.count == 2 {
            guard let number = number(halves[1]), number >= 1, number <= field.range.upperBound
            else { throw CronError.field(field, text: text, problem: .step) }
            step = number
        }
        let range = try self.range(of: body, hasStep: halves.count == 2, field)
        return stride(from: range.lowerBound, through: range.upperBound, by: step)
            .reduce(0) { $0 | 1 << UInt64($1) }
    }

    private static func range(
        of text: String,
        hasStep: Bool,
        _ field: CronField
    ) throws(CronError) -> ClosedRange<Int> {
        // Of the weekday's eight values one is a second name for Sunday.
        let last = field == .dayOfWeek ? 6 : field.range.upperBound
        if text == "*" { return field.range.lowerBound...last }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let lower = try value(of: ends[0], in: text, field)
        guard ends.count > 1 else { return lower...(hasStep ? max(last, lower) : lower) }
        guard ends.count == 2 else {
            throw CronError.field(field, text: text, problem: .notANumber)
        }
        var upper = try value(of: ends[1], in: text, field)
        if field == .dayOfWeek, upper == 0, lower > 0 {
            // fri-sun ends with the week.
            upper = 7
        }
        guard lower <= upper else {
            throw CronError.field(field, text: text, problem: .backwards)
        }
        return lower...upper
    }

    private static func value(
        of text: String,
        in part: String,
        _ field: CronField
    ) throws(CronError) -> Int {
        guard !text.isEmpty else { throw CronError.field(field, text: part, problem: .empty) }
        if let index = field.names.firstIndex(of: text.lowercased()) {
            return field.range.lowerBound + index
        }
        guard let value = number(text) else {
            throw CronError.field(field, text: text, problem: .notANumber)
        }
        guard field.range.contains(value) else {
            throw CronError.field(field, text: text, problem: .outOfRange(field.range))
        }
        return value
    }

    /// A number of up to four digits; nothing else that `Int` would take, such as a sign.
    private static func number(_ text: String) -> Int? {
        guard text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
