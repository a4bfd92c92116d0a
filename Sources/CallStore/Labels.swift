/// One label that a person gave, with how it came about.
package struct LabelReading: Hashable, Sendable {
    package var call: CallID
    package var conversationID: String
    package var startedUnix: Int64
    package var type: String
    package var person: String

    /// `.unknown` is "cannot tell".
    package var label: Ternary
    package var note: String?

    /// Whether the rules' verdict was hidden.
    package var isBlind: Bool
    package var sample: LabelSampleID?
    package var atMilliseconds: Int64
}

/// Names one sample.
package struct LabelSampleID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package var description: String { text }
}

/// Calls drawn at random, to be labelled.
package struct LabelSample: Hashable, Sendable {
    package var id: LabelSampleID
    package var type: String

    /// By whose verdicts the strata were made.
    package var ruleVersion: String
    package var fromUnix: Int64
    package var toUnix: Int64
    package var person: String
    package var createdMilliseconds: Int64
    package var entries: [LabelEntry]

    package init(
        id: LabelSampleID,
        type: String,
        ruleVersion: String,
        fromUnix: Int64,
        toUnix: Int64,
        person: String,
        createdMilliseconds: Int64 = 0,
        entries: [LabelEntry] = []
    ) {
        self.id = id
        self.type = type
        self.ruleVersion = ruleVersion
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.person = person
        self.createdMilliseconds = createdMilliseconds
        self.entries = entries
    }
}

/// One call of a sample.
package struct LabelEntry: Hashable, Sendable {
    package var call: CallID

    /// What it was drawn from: `yes`, `no`, `unknown`, or `net` for a call that the rules say no to
    /// and a coarse look says yes.
    package var stratum: String

    /// Calls of the stratum for one of the sample.
    package var weight: Double

    /// Whether a second person labels it, too.
    package var isDouble: Bool

    /// Whether its label is only read when a version is promoted.
    package var isHeldBack: Bool

    package init(
        call: CallID,
        stratum: String,
        weight: Double,
        isDouble: Bool,
        isHeldBack: Bool
    ) {
        self.call = call
        self.stratum = stratum
        self.weight = weight
        self.isDouble = isDouble
        self.isHeldBack = isHeldBack
    }
}

/// The next call to label, without anything that the rules said of it.
package struct LabelTask: Hashable, Sendable {
    package var sample: LabelSampleID
    package var call: CallID
    package var type: String

    /// Entries of the sample that are left for the person, this one among them.
    package var left: Int
}
