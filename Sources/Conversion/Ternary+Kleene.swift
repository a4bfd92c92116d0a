package import CallStore

/// Three-valued logic after Kleene: what is not known is neither true nor false.
///
/// Calls without an analysis or a transcript leave fields empty; with two values "no data" would
/// read as "no sale".
extension Ternary {
    package init(_ value: Bool) {
        self = value ? .yes : .no
    }

    /// False if any is false, else unknown if any is unknown; true for none at all.
    package static func all(_ values: some Sequence<Ternary>) -> Ternary {
        var result = Ternary.yes
        for value in values {
            if value == .no { return .no }
            if value == .unknown { result = .unknown }
        }
        return result
    }

    /// True if any is true, else unknown if any is unknown; false for none at all.
    package static func any(_ values: some Sequence<Ternary>) -> Ternary {
        !all(values.map { !$0 })
    }

    /// True if all are false, else unknown unless one is true.
    package static func none(_ values: some Sequence<Ternary>) -> Ternary {
        !any(values)
    }

    /// True if so many are, false if too few can still be.
    package static func atLeast(_ count: Int, of values: some Sequence<Ternary>) -> Ternary {
        score(values.map { (1, $0) }, atLeast: Double(count))
    }

    /// True if the weights of the true ones reach the limit however the unknown ones turn out,
    /// false if they cannot reach it.
    package static func score(
        _ parts: [(weight: Double, value: Ternary)],
        atLeast limit: Double
    ) -> Ternary {
        var least = 0.0
        var most = 0.0
        for part in parts where part.value != .no {
            let isOpen = part.value == .unknown
            least += isOpen ? min(0, part.weight) : part.weight
            most += isOpen ? max(0, part.weight) : part.weight
        }
        if least >= limit { return .yes }
        return most < limit ? .no : .unknown
    }

    package static prefix func ! (value: Ternary) -> Ternary {
        switch value {
        case .yes: .no
        case .no: .yes
        case .unknown: .unknown
        }
    }
}
