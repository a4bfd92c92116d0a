/// Where one rule of the alerts stands.
package struct AlertState: Hashable, Sendable {
    package var rule: String
    package var isFiring: Bool

    /// Since when it fires, or does not.
    package var sinceMilliseconds: Int64
    package var checkedMilliseconds: Int64

    /// The figures of the last verdict, for people.
    package var text: String

    /// When it was last said that it fires.
    package var notifiedMilliseconds: Int64?

    /// Whether people were told, and are owed the notice that it is over.
    package var isTold: Bool

    package init(
        rule: String,
        isFiring: Bool,
        sinceMilliseconds: Int64,
        checkedMilliseconds: Int64,
        text: String,
        notifiedMilliseconds: Int64?,
        isTold: Bool
    ) {
        self.rule = rule
        self.isFiring = isFiring
        self.sinceMilliseconds = sinceMilliseconds
        self.checkedMilliseconds = checkedMilliseconds
        self.text = text
        self.notifiedMilliseconds = notifiedMilliseconds
        self.isTold = isTold
    }
}
