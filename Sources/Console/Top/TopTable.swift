/// A table of the screen that gives up columns, from the right, where there is no room.
package struct TopTable: Sendable {
    package struct Column: Sendable {
        var heading: String
        var isRight: Bool

        /// Stays on the narrowest screen.
        var isKept: Bool

        init(_ heading: String, isRight: Bool = false, isKept: Bool = false) {
            self.heading = heading
            self.isRight = isRight
            self.isKept = isKept
        }
    }

    package struct Cell: Sendable {
        var text: String
        var style: TopStyle

        init(_ text: String, _ style: TopStyle = .plain) {
            self.text = TopText.plain(text)
            self.style = style
        }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []
    private static let gap = 1

    init(_ columns: [Column]) {
        self.columns = columns
    }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "A row has a cell for each column.")
        rows.append(cells)
    }

    /// Heading and rows, each at most this wide; the selected row is marked.
    func lines(width: Int, selected: Int?, marked: Set<Int> = []) -> [TopLine] {
        let room = max(0, width - 2)
        let widths = columns.indices.map { index in
            max(
                TopText.width(columns[index].heading),
                rows.map { TopText.width($0[index].text) }.max() ?? 0
            )
        }
        let shown = shown(widths, room: room)
        var heading = TopLine("  ")
        for (number, index) in shown.enumerated() {
            add(columns[index].heading, .bold, index, widths, isFirst: number == 0, to: &heading)
        }
        var lines = [heading.cut(to: width)]
        for (row, cells) in rows.enumerated() {
            let mark = (selected == row ? ">" : " ") + (marked.contains(row) ? "*" : " ")
            var line = TopLine(mark, .bold)
            for (number, index) in shown.enumerated() {
                let cell = cells[index]
                add(cell.text, cell.style, index, widths, isFirst: number == 0, to: &line)
            }
            lines.append(line.cut(to: width))
        }
        return lines
    }

    /// Columns that fit: what is not kept goes, the rightmost first.
    private func shown(_ widths: [Int], room: Int) -> [Int] {
        var shown = Array(columns.indices)
        func needed() -> Int {
            shown.reduce(0) { $0 + widths[$1] } + max(0, shown.count - 1) * Self.gap
        }
        while needed() > room, let index = shown.lastIndex(where: { !columns[$0].isKept }) {
            shown.remove(at: index)
        }
        return shown
    }

    private func add(
        _ text: String,
        _ style: TopStyle,
        _ column: Int,
        _ widths: [Int],
        isFirst: Bool,
        to line: inout TopLine
    ) {
        if !isFirst { line.add(String(repeating: " ", count: Self.gap)) }
        line.add(
            TopText.padded(text, to: widths[column], isRight: columns[column].isRight),
            style
        )
    }
}
