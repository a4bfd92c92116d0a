import Ambient
import Foundation
import GRDB

extension CallStore {
    /// Bytes of a token; what is longer is nobody's.
    package static let tokenBytesMax = 200

    /// What a code's token stands for.
    ///
    /// - Returns: Nil for a token that nobody has, and for one that several campaigns have.
    package func target(
        ofToken token: String,
        in workspace: String = CallIdentity.defaultWorkspace
    ) async throws(StoreError) -> TokenTarget? {
        guard !token.isEmpty, token.utf8.count <= Self.tokenBytesMax else { return nil }
        return try await read { database in
            // Two campaigns that share a token cannot be told apart, three no better.
            let rows = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        select id, null as recipient, landing_url from campaigns
                        where token = ?1 and workspace = ?2
                        union all
                        select campaigns.id,
                            iif(count(*) = 1, max(recipients.id), null), landing_url
                        from recipients join campaigns on campaigns.id = recipients.campaign_id
                        where recipients.token = ?1 and workspace = ?2
                        group by campaigns.id
                        limit 2
                        """
                ),
                arguments: [token, workspace]
            )
            guard let row = rows.first, rows.count == 1 else { return nil }
            return TokenTarget(
                campaign: CampaignID(row["id"]),
                recipient: (row["recipient"] as Int64?).map { RecipientID($0) },
                landing: (row["landing_url"] as String?).flatMap(LandingAddress.init)
            )
        }
    }
}

extension StoreWriter {
    /// The token that codes of the whole campaign carry, made when it is first asked for.
    ///
    /// - Throws: `StoreError.notFound`.
    package func token(of campaign: CampaignID) throws -> String {
        try token(in: "campaigns", id: campaign.number, "campaign \(campaign)")
    }

    /// The token that a recipient's own code carries, made when it is first asked for.
    ///
    /// - Throws: `StoreError.notFound`, also for a recipient of another campaign.
    package func token(of recipient: RecipientID, in campaign: CampaignID) throws -> String {
        let isThere = try Bool.fetchOne(
            database.cachedStatement(
                sql: "select exists (select 1 from recipients where id = ? and campaign_id = ?)"
            ),
            arguments: [recipient.number, campaign.number]
        )
        guard isThere == true else { throw StoreError.notFound(what: "recipient \(recipient)") }
        return try token(in: "recipients", id: recipient.number, "recipient \(recipient)")
    }

    private func token(in table: String, id: Int64, _ what: String) throws -> String {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: """
                    update \(table) set token = coalesce(token, ?) where id = ? returning token
                    """
            ),
            arguments: [newToken(), id]
        )
        guard let token: String = row?["token"] else { throw StoreError.notFound(what: what) }
        return token
    }

    /// 24 hexadecimal digits; 90 of their bits are chance.
    private func newToken() -> String {
        let digits = ambient.newID().uuidString.lowercased().filter { $0 != "-" }
        return String(digits.prefix(12) + digits.suffix(12))
    }
}
