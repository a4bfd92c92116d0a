import Foundation
import GRDB

/// Reads the result store from outside, as any program with SQLite could.
struct StoreProbe: Sendable {
    private let database: DatabaseQueue

    init(path: String) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        database = try DatabaseQueue(path: path, configuration: configuration)
    }

    struct Call: Sendable {
        let campaign: String?
        let isConversion: Bool
        let isFinished: Bool
    }

    /// Every call, by conversation id; throws when one is there twice.
    func calls() throws -> [String: Call] {
        try database.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT e.conversation_id AS id, c.name AS campaign, e.is_conversion AS conversion,
                           k.status AS status
                    FROM elevenlabs_calls e
                    JOIN calls k ON k.id = e.id
                    LEFT JOIN campaigns c ON c.id = e.campaign_id
                    """
            )
            var calls: [String: Call] = [:]
            for row in rows {
                let id: String = row["id"]
                let status: String = row["status"]
                let call = Call(
                    campaign: row["campaign"],
                    isConversion: row["conversion"] ?? false,
                    isFinished: status == "done" || status == "failed"
                )
                guard calls.updateValue(call, forKey: id) == nil else {
                    throw ProbeError.doubled(id)
                }
            }
            return calls
        }
    }

    func count(_ sql: String) throws -> Int {
        try database.read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }

    func texts(_ sql: String) throws -> [String] {
        try database.read { try String.fetchAll($0, sql: sql) }
    }

    func execute(_ sql: String) throws {
        try database.write { try $0.execute(sql: sql) }
    }
}

enum ProbeError: Error {
    case doubled(String)
}
