/// What somebody may do; each right includes those before it.
package enum Rights: Int, Sendable, Comparable, CaseIterable {
    case nothing
    case read
    case write
    case admin

    package static func < (left: Rights, right: Rights) -> Bool { left.rawValue < right.rawValue }
}

/// Who asks.
package struct Principal: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case anonymous

        /// On this machine, while there is no admin token.
        case local

        /// Signed in; the cookie comes with every request of the browser, wanted or not.
        case session

        /// A program, or a person with the admin token.
        case token
    }

    package var kind: Kind
    package var rights: Rights

    /// As the audit log names who did something.
    package var name: String

    package init(kind: Kind, rights: Rights, name: String) {
        self.kind = kind
        self.rights = rights
        self.name = name
    }

    package static let anonymous = Principal(kind: .anonymous, rights: .nothing, name: "anonymous")
    package static let local = Principal(kind: .local, rights: .admin, name: "dashboard")
    package static let session = Principal(kind: .session, rights: .admin, name: "dashboard")
    package static let admin = Principal(kind: .token, rights: .admin, name: "admin")

    /// Whether a web page could have made the browser ask without the person's knowledge.
    var isAmbient: Bool { kind == .local || kind == .session }
}
