/// Rows under headings, for people.
package struct Table: Sendable, Equatable {
    package enum Side: Sendable, Equatable {
        case left
        case right
    }

    package struct Column: Sendable, Equatable {
        package let heading: String
        package let side: Side

        package init(_ heading: String, _ side: Side = .left) {
            self.heading = heading
            self.side = side
        }
    }

    package let columns: [Column]
    package private(set) var rows: [[String]] = []

    package init(_ columns: Column...) {
        self.columns = columns
    }

    /// Adds a row with one cell for each column.
    package mutating func add(_ cells: String...) {
        add(cells)
    }

    /// Adds a row with one cell for each column.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "A row has a cell for each column.")
        rows.append(cells.map(Self.plain))
    }

    /// The lines, headings first, each with a line end; `none` when there are no rows.
    package func rendered(none: String = "Nothing to show.") -> String {
        guard !rows.isEmpty else { return none + "\n" }
        let headings = columns.map(\.heading)
        let widths = columns.indices.map { index in
            (rows + [headings]).map { $0[index].count }.max() ?? 0
        }
        return ([headings] + rows).map { cells in
            let padded = cells.enumerated().map { index, cell in
                let gap = String(repeating: " ", count: widths[index] - cell.count)
                return columns[index].side == .left ? cell + gap : gap + cell
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }

    /// A cell is one line, without anything that moves a terminal's cursor.
    private static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return result
    }
}
