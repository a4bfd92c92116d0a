import Yams

/// A place in a rules file, whichever of its two forms it is written in.
indirect enum RulesTree {
    case yaml(Node)
    case mapping([(key: String, value: RulesTree)], line: Int)
    case list([RulesTree], line: Int)
    case scalar(String, isPlain: Bool, line: Int)

    /// From 1.
    var line: Int? {
        switch self {
        case .yaml(let node): node.mark?.line
        case .mapping(_, let line), .list(_, let line), .scalar(_, _, let line): line
        }
    }

    /// The keys and values of a mapping; nil for anything else.
    var pairs: [(key: RulesTree, value: RulesTree)]? {
        switch self {
        case .yaml(.mapping(let mapping)):
            mapping.map { (key: .yaml($0.key), value: .yaml($0.value)) }
        case .mapping(let pairs, let line):
            pairs.map { (key: .scalar($0.key, isPlain: true, line: line), value: $0.value) }
        default: nil
        }
    }

    /// The items of a list; nil for anything else.
    var items: [RulesTree]? {
        switch self {
        case .yaml(.sequence(let sequence)): sequence.map { .yaml($0) }
        case .list(let items, _): items
        default: nil
        }
    }

    /// The text of a scalar, and whether it stands without quotes; nil for anything else.
    var scalar: (text: String, isPlain: Bool)? {
        switch self {
        case .yaml(.scalar(let scalar)): (scalar.string, scalar.style == .plain)
        case .scalar(let text, let isPlain, _): (text, isPlain)
        default: nil
        }
    }
}
