/// A month whose credits no rule changes any more.
package struct ClosedMonth: Hashable, Sendable {
    package var workspace: String

    /// `2026-05`.
    package var month: String

    /// Its first second in the zone of the reports when it was closed, Unix seconds.
    package var fromUnix: Int64

    /// The first second after it.
    package var toUnix: Int64
    package var timeZone: String
    package var closedMilliseconds: Int64
    package var person: String
    package var note: String?

    package init(
        workspace: String = CallIdentity.defaultWorkspace,
        month: String,
        fromUnix: Int64,
        toUnix: Int64,
        timeZone: String,
        closedMilliseconds: Int64 = 0,
        person: String,
        note: String? = nil
    ) {
        self.workspace = workspace
        self.month = month
        self.fromUnix = fromUnix
        self.toUnix = toUnix
        self.timeZone = timeZone
        self.closedMilliseconds = closedMilliseconds
        self.person = person
        self.note = note
    }
}

/// What stands in a range of time, for one who is about to close it.
package struct MonthFigures: Hashable, Sendable {
    package var calls: Int
    package var attributed: Int

    /// Calls that the rules have not looked at as they are now.
    package var undecided: Int
}
