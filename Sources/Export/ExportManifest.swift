/// What stands beside an export file and says what is in it.
package struct ExportManifest: Codable, Sendable, Equatable {
    package struct Filter: Codable, Sendable, Equatable {
        /// For people.
        package var text: String

        /// The fields as a job's arguments name them.
        package var fields: [String: String]
    }

    /// Raised with every change of this file's own fields.
    package var manifestVersion: Int

    /// The file, in the same folder.
    package var file: String
    package var what: String

    /// For a feed its profile.
    package var dialect: String

    /// How dialect `excel` writes phone numbers; nil for the others.
    package var phones: String?

    /// Lines without the header.
    package var rows: Int64
    package var bytes: Int64

    /// Lower-case hex.
    package var sha256: String
    package var columns: [String]
    package var filter: Filter

    /// IANA name of the zone of local times.
    package var timeZone: String

    /// Which definitions of outcome, attribution and conversion the columns follow.
    package var definitionVersion: String
    package var createdBy: String

    /// When the rows were fixed; RFC 3339, UTC.
    package var createdAt: String
    package var expiresAt: String

    /// Whether the file holds what points to people; it has to be handled accordingly.
    package var personalData: Bool

    /// The job that made it.
    package var job: String

    /// The place of the newest change in the store when the rows were fixed; for a feed the cursor
    /// from which the next one goes on.
    package var mark: Int64
    package var parts: [ExportPart]

    /// Numbers of the parts that hold calls as they became after the mark, or lack some.
    package var rereadParts: [Int]

    package static let versionKnown = 2
}
