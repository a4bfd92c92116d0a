/// A finished export file, as its manifest describes it.
package struct ExportRecord: Hashable, Sendable {
    package enum State: String, Sendable, Codable {
        case finished

        /// The file is gone; the row stays as a record.
        case expired
    }

    package var id: Int64

    /// The job that made it.
    package var jobID: String
    package var what: String
    package var dialect: String

    /// Name inside the exports folder; it carries the fence of the delivery that won.
    package var fileName: String
    package var manifestName: String
    package var rows: Int64
    package var bytes: Int64

    /// Lower-case hex of the file's SHA-256.
    package var sha256: String

    /// The filter in words.
    package var filter: String
    package var createdBy: String
    package var createdMilliseconds: Int64
    package var expiresMilliseconds: Int64
    package var state: State

    /// For a feed of conversions: where the next one goes on.
    package var cursor: Int64?

    /// Whether the file holds what points to people.
    package var holdsPersonalData: Bool { what != "campaigns" }

    /// `id` is given by the store and ignored when a record is added.
    package init(
        id: Int64 = 0,
        jobID: String,
        what: String,
        dialect: String,
        fileName: String,
        manifestName: String,
        rows: Int64,
        bytes: Int64,
        sha256: String,
        filter: String,
        createdBy: String,
        createdMilliseconds: Int64,
        expiresMilliseconds: Int64,
        state: State = .finished,
        cursor: Int64? = nil
    ) {
        self.id = id
        self.jobID = jobID
        self.what = what
        self.dialect = dialect
        self.fileName = fileName
        self.manifestName = manifestName
        self.rows = rows
        self.bytes = bytes
        self.sha256 = sha256
        self.filter = filter
        self.createdBy = createdBy
        self.createdMilliseconds = createdMilliseconds
        self.expiresMilliseconds = expiresMilliseconds
        self.state = state
        self.cursor = cursor
    }
}
