extension RedisServerError {
    /// Sorts the text of an error reply, without its leading `-`.
    ///
    /// Codes are those of Redis 6.2 to 8; 6.2 wraps what a script's command met in a sentence of
    /// its own, so the code is looked for behind `: -`, too.
    package init(reply text: String) {
        let code = text.prefix { $0 != " " }
        switch code {
        case "LOADING": self = .loading
        case "READONLY": self = .readOnly
        case "OOM": self = .outOfMemory
        case "MISCONF": self = .cannotPersist(message: text)
        case "NOAUTH", "WRONGPASS": self = .noAuthentication(message: text)
        case "NOPERM": self = .noPermission(message: text)
        case "NOSCRIPT": self = .noScript
        case "BUSY": self = .busy
        case "MOVED": self = Self.moved(text) ?? .other(message: text)
        case "ERR": self = Self.plain(text)
        default: self = .other(message: text)
        }
    }

    private static func moved(_ text: String) -> Self? {
        let words = text.split(separator: " ")
        guard words.count == 3, let slot = Int(words[1]) else { return nil }
        return .moved(slot: slot, address: String(words[2]))
    }

    private static func plain(_ text: String) -> Self {
        if text.hasPrefix("ERR AUTH ") || text.hasPrefix("ERR invalid password") {
            return .noAuthentication(message: text)
        }
        if text.hasPrefix("ERR Error running script"), let mark = text.firstRange(of: ": -") {
            let inner = Self(reply: String(text[mark.upperBound...]))
            if case .other = inner { return .other(message: text) }
            return inner
        }
        return .other(message: text)
    }
}
