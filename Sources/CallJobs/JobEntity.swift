package import JobQueue

/// What one job is about, by the name under which people look for it.
package enum JobEntity {
    /// `conv_…` for a job of one conversation, `call_12` for one of one call, `inbox_7` for one of
    /// one webhook; nil for a job about many or about none.
    ///
    /// Asked for every job that is committed, so the arguments are searched and not decoded: they
    /// are flat objects, so the first occurrence of a field is the field itself. What is not written
    /// as this program writes it has no entity.
    package static func of(_ job: Job) -> String? {
        guard let kind = JobKind(rawValue: job.kind), kind.isAboutOne else { return nil }
        let arguments: [UInt8]
        do {
            arguments = try job.arguments()
        } catch {
            // Its handler meets the same bytes and tells of it.
            return nil
        }
        if kind == .sync {
            if let id = text(after: conversationField, in: arguments) { return id }
            return number(after: inboxField, in: arguments).map { "inbox_\($0)" }
        }
        return number(after: callField, in: arguments).map { "call_\($0)" }
    }

    /// Longest entity, in bytes: as long as an identifier.
    private static let bytesMax = Identifier.lengthMax

    private static let conversationField = Array("\"conversation\":".utf8)
    private static let inboxField = Array("\"inbox\":".utf8)
    private static let callField = Array("\"call\":".utf8)

    /// The text of a field; nil when there is none, or when it is escaped or too long.
    private static func text(after field: [UInt8], in payload: [UInt8]) -> String? {
        guard let start = payload.end(of: field) else { return nil }
        let rest = payload[start...]
        guard rest.first == UInt8(ascii: "\""),
            let close = rest.dropFirst().firstIndex(of: UInt8(ascii: "\""))
        else { return nil }
        let value = payload[(start + 1)..<close]
        guard !value.isEmpty, value.count <= bytesMax, !value.contains(UInt8(ascii: "\\")) else {
            return nil
        }
        return String(decoding: value, as: UTF8.self)
    }

    private static func number(after field: [UInt8], in payload: [UInt8]) -> Int64? {
        guard let start = payload.end(of: field) else { return nil }
        let digits = payload[start...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return Int64(String(decoding: digits, as: UTF8.self))
    }
}

extension JobKind {
    /// Whether some of its jobs are about one conversation or call.
    fileprivate var isAboutOne: Bool {
        switch self {
        case .sync, .attribution, .conversion: true
        case .export, .upkeep: false
        }
    }
}
