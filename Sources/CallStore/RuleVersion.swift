/// One immutable version of the conversion rules, with the text it is read from.
package struct RuleVersion: Hashable, Sendable {
    package enum Form: String, Sendable, Hashable {
        case yaml
        case text
    }

    /// The text of a version and the word lists that it is read with.
    package struct Source: Hashable, Sendable {
        package var form: Form
        package var text: String
        package var lexiconDigest: String

        /// JSON.
        package var lexicon: String

        package init(form: Form, text: String, lexiconDigest: String, lexicon: String) {
            self.form = form
            self.text = text
            self.lexiconDigest = lexiconDigest
            self.lexicon = lexicon
        }
    }

    /// A digest of the meaning.
    package var version: String

    /// The file's own name of the rules, for people.
    package var name: String

    /// The conversion types that it decides.
    package var types: [String]

    /// Nil for a version that was used before texts were kept.
    package var source: Source?

    package init(version: String, name: String, types: [String], source: Source?) {
        self.version = version
        self.name = name
        self.types = types
        self.source = source
    }
}

/// What a version is used for.
package enum RuleRole: String, Sendable, Hashable, CaseIterable {
    /// It counts.
    case active

    /// It judges new calls, too, and does not count.
    case shadow
}

/// Which version had which role, since when and by whom.
package struct RulePointer: Hashable, Sendable {
    package var role: RuleRole

    /// Nil: none; for the active one, that the rules file is followed.
    package var version: String?
    package var person: String
    package var note: String?
    package var atMilliseconds: Int64
}

/// A version as a list shows it.
package struct RuleVersionSummary: Hashable, Sendable {
    package var version: String
    package var name: String
    package var types: [String]
    package var firstUsedMilliseconds: Int64

    /// Calls that count as it judged them.
    package var calls: Int

    /// Nil for a draft, and for one that was replaced.
    package var role: RuleRole?

    /// Whether it was active at any time.
    package var wasActive: Bool
    package var hasText: Bool
}
