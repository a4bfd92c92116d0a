/// How two texts differ, line by line.
package struct LineDifference: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case same
        case added
        case removed

        /// Lines that are the same and far from any other.
        case skipped
    }

    package struct Line: Sendable, Hashable {
        package var kind: Kind

        /// Numbers in the old and in the new text, from 1; nil where it does not stand, and for
        /// lines that are skipped.
        package var old: Int?
        package var new: Int?

        /// The line; for lines that are skipped, how many.
        package var text: String

        package init(kind: Kind, old: Int?, new: Int?, text: String) {
            self.kind = kind
            self.old = old
            self.new = new
            self.text = text
        }
    }

    /// Lines between the first and the last that differ, of either text: the time and the memory of
    /// a comparison grow with their square.
    package static let linesMax = 1_000

    /// Same lines that are shown before and after one that is not.
    static let context = 3

    /// In the order of the texts, what is removed before what is added.
    package let lines: [Line]

    /// Nil when more lines than `linesMax` would have to be compared.
    package init?(from old: String, to new: String) {
        let (old, new) = (Self.split(old), Self.split(new))
        let shorter = min(old.count, new.count)
        var head = 0
        while head < shorter, old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < shorter - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] {
            tail += 1
        }
        let (before, after) = (old[head..<old.count - tail], new[head..<new.count - tail])
        guard max(before.count, after.count) <= Self.linesMax else { return nil }
        var (removed, added): (Set<Int>, Set<Int>) = ([], [])
        for change in Array(after).difference(from: Array(before)) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset + head)
            case .insert(let offset, _, _): added.insert(offset + head)
            }
        }
        var lines: [Line] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if left < old.count, removed.contains(left) {
                lines.append(Line(kind: .removed, old: left + 1, new: nil, text: old[left]))
                left += 1
            } else if right < new.count, added.contains(right) {
                lines.append(Line(kind: .added, old: nil, new: right + 1, text: new[right]))
                right += 1
            } else {
                lines.append(
                    Line(kind: .same, old: left + 1, new: right + 1, text: new[right])
                )
                left += 1
                right += 1
            }
        }
        self.lines = Self.folded(lines)
    }

    package var isEmpty: Bool { lines.allSatisfy { $0.kind == .same || $0.kind == .skipped } }

    private static func split(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // The end of the last line is not a line of its own.
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Without the same lines that are far from any other.
    private static func folded(_ lines: [Line]) -> [Line] {
        var near = Set<Int>()
        for (index, line) in lines.enumerated() where line.kind != .same {
            near.formUnion(max(0, index - context)...min(lines.count - 1, index + context))
        }
        var result: [Line] = []
        var skipped = 0
        func close() {
            guard skipped > 0 else { return }
            result.append(Line(kind: .skipped, old: nil, new: nil, text: "\(skipped)"))
            skipped = 0
        }
        for (index, line) in lines.enumerated() {
            if near.contains(index) {
                close()
                result.append(line)
            } else {
                skipped += 1
            }
        }
        close()
        return result
    }
}
