/// The ways by which people hear of an alert.
package struct AlertWays: OptionSet, Hashable, Sendable {
    package static let webhook = AlertWays(rawValue: 1)
    package static let mail = AlertWays(rawValue: 2)
    package static let all: AlertWays = [.webhook, .mail]

    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }
}

/// Where one rule of the alerts stands.
package struct AlertState: Hashable, Sendable {
    package var rule: String
    package var isFiring: Bool

    /// Since when it fires, or does not.
    package var sinceMilliseconds: Int64
    package var checkedMilliseconds: Int64

    /// The figures of the last verdict, for people.
    package var text: String

    /// When the last notice was made that it fires.
    package var notifiedMilliseconds: Int64?

    /// Whether there is a notice that it fires, and people are owed the one that it is over.
    package var isTold: Bool

    /// Ways that have not taken the last notice yet: that it fires while `isTold`, else that it is
    /// over.
    package var owed: AlertWays

    /// Ways that nobody has heard by that it fires, although `isTold`: they are not owed its end.
    package var untold: AlertWays

    package init(
        rule: String,
        isFiring: Bool,
        sinceMilliseconds: Int64,
        checkedMilliseconds: Int64,
        text: String,
        notifiedMilliseconds: Int64?,
        isTold: Bool,
        owed: AlertWays = [],
        untold: AlertWays = []
    ) {
        self.rule = rule
        self.isFiring = isFiring
        self.sinceMilliseconds = sinceMilliseconds
        self.checkedMilliseconds = checkedMilliseconds
        self.text = text
        self.notifiedMilliseconds = notifiedMilliseconds
        self.isTold = isTold
        self.owed = owed
        self.untold = untold
    }
}
