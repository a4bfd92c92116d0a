import Foundation

/// How a piece of a line is to look; colour is never the only sign.
package enum TopStyle: Sendable, Equatable {
    case plain
    case bold
    case dim
    case alert
    case warning
    case good
    case reverse

    /// The escape that begins it, with colours or without.
    func escape(isColoured: Bool) -> String {
        switch self {
        case .plain: ""
        case .bold: "\u{1B}[1m"
        case .dim: "\u{1B}[2m"
        case .alert: isColoured ? "\u{1B}[1;31m" : "\u{1B}[1m"
        case .warning: isColoured ? "\u{1B}[33m" : "\u{1B}[1m"
        case .good: isColoured ? "\u{1B}[32m" : ""
        case .reverse: "\u{1B}[7m"
        }
    }
}

/// A line of the screen: pieces of text, each with its look.
package struct TopLine: Sendable, Equatable {
    package struct Piece: Sendable, Equatable {
        package var text: String
        package var style: TopStyle
    }

    package private(set) var pieces: [Piece] = []

    package init(_ text: String = "", _ style: TopStyle = .plain) {
        if !text.isEmpty { add(text, style) }
    }

    package mutating func add(_ text: String, _ style: TopStyle = .plain) {
        pieces.append(Piece(text: TopText.plain(text), style: style))
    }

    /// Without its looks.
    package var text: String { pieces.map(\.text).joined() }

    package var width: Int { pieces.reduce(0) { $0 + TopText.width($1.text) } }

    /// The line cut to a number of columns.
    package func cut(to columns: Int) -> TopLine {
        var line = TopLine()
        var left = columns
        for piece in pieces where left > 0 {
            let text = TopText.cut(piece.text, to: left)
            line.pieces.append(Piece(text: text, style: piece.style))
            left -= TopText.width(text)
        }
        return line
    }

    /// With every piece in one look.
    package func styled(_ style: TopStyle) -> TopLine {
        var line = self
        for index in line.pieces.indices { line.pieces[index].style = style }
        return line
    }

    /// As it goes to a terminal; plain when it has none of the escapes.
    package func rendered(isColoured: Bool) -> String {
        pieces.map { piece in
            let begin = piece.style.escape(isColoured: isColoured)
            return begin.isEmpty ? piece.text : begin + piece.text + "\u{1B}[0m"
        }.joined()
    }
}

/// Texts measured in columns of a terminal.
package enum TopText {
    /// Columns that a text takes: two for wide characters, none for marks on others.
    package static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    static func width(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        let wide: [ClosedRange<UInt32>] = [
            0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
            0x20000...0x3FFFD,
        ]
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The text cut so that it takes at most this many columns.
    static func cut(_ text: String, to columns: Int) -> String {
        var used = 0
        var result = ""
        for character in text {
            used += width(character)
            if used > columns { break }
            result.append(character)
        }
        return result
    }

    static func padded(_ text: String, to columns: Int, isRight: Bool) -> String {
        let text = cut(text, to: columns)
        let gap = String(repeating: " ", count: columns - width(text))
        return isRight ? gap + text : text + gap
    }

    /// Without anything that moves the cursor.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return text
        }
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return result
    }

    /// The largest unit, and the next while short: `8s`, `2m10s`, `14m`, `3h`, `41d`.
    static func age(_ duration: Duration?) -> String {
        guard let duration else { return "-" }
        let seconds = Int(duration.components.seconds)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<600: return "\(seconds / 60)m\(two(seconds % 60))s"
        case ..<7_200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// A short time span: `90ms`, `1.2s`, `3m`.
    static func span(_ duration: Duration?) -> String {
        guard let duration else { return "-" }
        let milliseconds = duration / .milliseconds(1)
        if milliseconds < 1_000 { return "\(Int(milliseconds.rounded()))ms" }
        if milliseconds < 60_000 { return String(format: "%.1fs", milliseconds / 1_000) }
        return age(duration)
    }

    static func rate(_ perMinute: Double?) -> String {
        guard let perMinute else { return "-" }
        return perMinute > 0 && perMinute < 10
            ? String(format: "%.1f", perMinute) : short(Int(perMinute.rounded()))
    }

    /// A count in at most five columns: `12345`, `123k`, `12M`.
    static func short(_ count: Int) -> String {
        switch count {
        case ..<100_000: "\(count)"
        case ..<10_000_000: "\(count / 1_000)k"
        default: "\(count / 1_000_000)M"
        }
    }

    static func bytes(_ count: Int64) -> String {
        let units: [(Int64, String)] = [(1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")]
        for (size, name) in units where count >= size {
            let value = Double(count) / Double(size)
            return value < 10 ? String(format: "%.1f%@", value, name) : "\(Int(value))\(name)"
        }
        return "\(count)B"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A small graph of numbers, in blocks or in letters that every terminal has.
    static func graph(_ values: [Double], isASCII: Bool) -> String {
        let marks = Array(isASCII ? "_.:-=+*#" : "▁▂▃▄▅▆▇█")
        guard let highest = values.max(), highest > 0 else {
            return String(repeating: marks[0], count: values.count)
        }
        return String(
            values.map { marks[min(marks.count - 1, Int($0 / highest * Double(marks.count - 1)))] }
        )
    }
}
