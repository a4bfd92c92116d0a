package import Foundation
package import Logging

/// Where log lines go, in which form, and what is taken out of them.
package struct LogOutput: Sendable {
    package enum Format: Sendable {
        /// `time level program: message key=value`
        case text

        /// One JSON object per line: `time`, `level`, `program`, `message`, and `metadata`.
        case json
    }

    package let format: Format
    package let mask: LogMask
    package let now: @Sendable () -> Date

    /// Takes one line with its end; called from any thread.
    package let write: @Sendable (String) -> Void

    package init(
        format: Format,
        mask: LogMask,
        now: @escaping @Sendable () -> Date,
        write: @escaping @Sendable (String) -> Void = LogOutput.toStandardError
    ) {
        self.format = format
        self.mask = mask
        self.now = now
        self.write = write
    }

    /// Writes a line to standard error with one call, so that lines of processes do not mix.
    package static let toStandardError: @Sendable (String) -> Void = { line in
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
            // Nobody reads any more: there is nowhere left to say so.
            guard written > 0 || (written < 0 && errno == EINTR) else { return }
            rest = rest.dropFirst(max(written, 0))
        }
    }

    /// One line for one event.
    func line(
        program: String,
        level: Logger.Level,
        message: String,
        metadata: Logger.Metadata
    ) -> String {
        let time = now().formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: .gmt)
        )
        let values = metadata.sorted { $0.key < $1.key }.map { key, value in
            (key, LogMask.isSecretName(key) ? LogMask.secret : mask.masked("\(value)"))
        }
        switch format {
        case .text:
            let pairs = values.map { " \($0.0)=\(Self.quotedIfNeeded($0.1))" }.joined()
            return "\(time) \(level) \(program): \(Self.oneLine(mask.masked(message)))\(pairs)\n"
        case .json:
            let pairs = values.map { "\(Self.quoted($0.0)):\(Self.quoted($0.1))" }
            return "{\"time\":\"\(time)\",\"level\":\"\(level)\",\"program\":"
                + "\(Self.quoted(program)),\"message\":\(Self.quoted(mask.masked(message))),"
                + "\"metadata\":{\(pairs.joined(separator: ","))}}\n"
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.unicodeScalars.contains { $0.value < 0x20 }
            ? String(quoted(text).dropFirst().dropLast()) : text
    }

    private static func quotedIfNeeded(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0 != "=" }
        return isPlain ? text : quoted(text)
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// The backend of swift-log: renders an event, masks it, writes it.
package struct MaskingLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let output: LogOutput

    package init(label: String, level: Logger.Level, output: LogOutput) {
        self.label = label
        self.logLevel = level
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = "\(error)" }
        output.write(
            output.line(
                program: label,
                level: event.level,
                message: event.message.description,
                metadata: all
            )
        )
    }
}
