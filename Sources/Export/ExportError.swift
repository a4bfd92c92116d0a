/// What can go wrong with an export's files.
package enum ExportError: Error, Equatable, Sendable {
    /// The disk is full: nobody's fault, goes on by itself when there is room.
    case noRoom

    /// The folder or a file in it cannot be made or written.
    case cannotWrite(path: String, reason: String)
}
