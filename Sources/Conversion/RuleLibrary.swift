package import CallStore
import Synchronization

/// The rules that are in use at a moment.
package struct RulesInUse: Sendable {
    /// They count.
    package var active: RuleSet

    /// They judge new calls, too, and do not count.
    package var shadow: RuleSet?
}

/// The versions of the rules: those the store keeps, and the file while it is followed.
///
/// A version is read from its stored text and word lists, so it means the same for good.
package final class RuleLibrary: Sendable {
    /// Versions that stay read; beyond it all are read again when they are needed.
    private static let readMax = 32

    private let store: CallStore
    private let file: @Sendable () -> RuleSet
    private let read = Mutex<[String: RuleSet]>([:])

    /// - Parameters:
    ///   - store: Keeps the versions and says which is in use.
    ///   - file: The rules of the file, in use until a version is made active.
    package init(store: CallStore, file: @escaping @Sendable () -> RuleSet) {
        self.store = store
        self.file = file
    }

    /// What holds now.
    package func inUse() async throws(StoreError) -> RulesInUse {
        let pointers = try await store.rulePointers()
        var active: RuleSet?
        var shadow: RuleSet?
        if let version = pointers[.active]?.version { active = try await rules(version) }
        if let version = pointers[.shadow]?.version { shadow = try await rules(version) }
        return RulesInUse(active: active ?? file(), shadow: shadow)
    }

    /// One version; nil when the store has no text of it.
    ///
    /// - Throws: `StoreError.damaged` when the text is not what the version was made of.
    package func rules(_ version: String) async throws(StoreError) -> RuleSet? {
        if let known = read.withLock({ $0[version] }) { return known }
        let current = file()
        if current.version == version { return current }
        guard let stored = try await store.ruleVersion(version) else { return nil }
        guard let rules = try RuleSet(stored) else { return nil }
        read.withLock { read in
            if read.count >= Self.readMax { read.removeAll() }
            read[version] = rules
        }
        return rules
    }
}

extension RuleSet {
    /// The rules as the store keeps them.
    package var stored: RuleVersion {
        RuleVersion(
            version: version,
            name: name,
            types: types,
            source: RuleVersion.Source(
                form: form == .yaml ? .yaml : .text,
                text: source,
                lexiconDigest: lexicon.digest,
                lexicon: lexicon.text
            )
        )
    }

    /// The rules of a stored version; nil when it has no text.
    ///
    /// - Throws: `StoreError.damaged` when they cannot be read.
    package init?(_ stored: RuleVersion) throws(StoreError) {
        guard let source = stored.source else { return nil }
        let rules: RuleSet
        do {
            rules = try RulesFile.parse(
                source.text,
                name: stored.name,
                form: source.form == .yaml ? .yaml : .text,
                file: "version \(stored.version)",
                lexicon: source.lexiconDigest == Lexicon.shipped.digest
                    ? .shipped : try Lexicon(stored: source.lexicon)
            )
        } catch {
            throw .damaged(reason: "the rules of version \(stored.version) cannot be read")
        }
        // A newer evaluator gives the same text another version; the old name stays its name.
        self = rules.version == stored.version ? rules : rules.renamed(stored.version)
    }

    private func renamed(_ version: String) -> RuleSet {
        RuleSet(
            name: name,
            rules: rules,
            source: source,
            form: form,
            lexicon: lexicon,
            version: version
        )
    }
}
