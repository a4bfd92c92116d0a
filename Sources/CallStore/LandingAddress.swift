import Foundation

/// The web page that a campaign's codes lead to.
///
/// It comes from whoever runs the campaign and from nobody else: a code names a token, never an
/// address, so that nobody can make one that leads elsewhere.
package struct LandingAddress: Hashable, Sendable {
    /// Bytes of an address; browsers and mail programs cut longer ones off.
    package static let bytesMax = 2_000

    /// The query item that carries a code's token to the page.
    package static let tokenItem = "ringback_token"

    /// As it was given: absolute, `http` or `https`, with a host and without a user.
    package let text: String

    /// Nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.refused.contains($0) }),
            let parts = URLComponents(string: text),
            ["http", "https"].contains(parts.scheme ?? ""),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil,
            text.hasPrefix("\(parts.scheme ?? "")://")
        else { return nil }
        self.text = text
    }

    /// What browsers read differently from one another, or what ends a header or an attribute.
    private static let refused = Set("\\\"<>^`{|}".utf8)

    /// The address with a token in its query; what stood there stays.
    package func carrying(_ token: String) -> String {
        guard var parts = URLComponents(string: text) else { return text }
        let item = "\(Self.tokenItem)=\(Self.escaped(token))"
        let query = parts.percentEncodedQuery ?? ""
        parts.percentEncodedQuery = query.isEmpty ? item : "\(query)&\(item)"
        return parts.string ?? text
    }

    /// A token as it stands in a path or a query: all but RFC 3986's unreserved bytes escaped.
    package static func escaped(_ token: String) -> String {
        token.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            if isPlain || "-._~".contains(character) { return String(character) }
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "%0\(digits)" : "%\(digits)"
        }.joined()
    }
}

/// What the token of a code stands for.
package struct TokenTarget: Hashable, Sendable {
    package var campaign: CampaignID

    /// Nil for a code of the whole campaign, and for one that several recipients share.
    package var recipient: RecipientID?

    /// Nil when the campaign has no page.
    package var landing: LandingAddress?

    package init(campaign: CampaignID, recipient: RecipientID?, landing: LandingAddress?) {
        self.campaign = campaign
        self.recipient = recipient
        self.landing = landing
    }

    /// Where the server takes scans; the token follows.
    package static let scanFolder = "/t/"

    /// What a code with a token holds.
    ///
    /// - Parameters:
    ///   - token: Of a campaign or a recipient.
    ///   - address: How others reach the server, without a slash at the end.
    /// - Returns: An absolute address.
    package static func link(token: String, at address: String) -> String {
        "\(address)\(scanFolder)\(LandingAddress.escaped(token))"
    }
}
