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

    /// How the store differs from the simulator's truth; empty when they agree.
    static func difference(truth: [String: TruthRow], calls: [String: Call]) -> [String] {
        var difference: [String] = []
        for id in truth.keys where calls[id] == nil { difference.append("\(id) is missing") }
        for (id, call) in calls {
            guard let row = truth[id] else {
                difference.append("\(id) is not in the truth")
                continue
            }
            if row.isFinished != call.isFinished { difference.append("\(id): status") }
            if row.campaign != call.campaign { difference.append("\(id): campaign") }
            if row.converted != call.isConversion { difference.append("\(id): conversion") }
        }
        return Array(difference.sorted().prefix(20))
    }

    /// Counts effects in a table without a unique constraint, so that a doubled one would show.
    func watchEffects() throws {
        try execute(
            """
            CREATE TABLE test_effects(what TEXT NOT NULL, of TEXT NOT NULL);
            CREATE TRIGGER test_ledger AFTER INSERT ON ledger BEGIN
                INSERT INTO test_effects VALUES ('ledger', NEW.job_id);
            END;
            CREATE TRIGGER test_calls AFTER INSERT ON calls BEGIN
                INSERT INTO test_effects VALUES ('call', NEW.conversation_id);
            END;
            CREATE TRIGGER test_credits AFTER INSERT ON attribution_history BEGIN
                INSERT INTO test_effects
                VALUES ('credit', NEW.call_id || ' ' || ifnull(NEW.campaign_id, 'none'));
            END;
            """
        )
    }

    /// Effects that happened more than once.
    func doubledEffects() throws -> [String] {
        try texts(
            "SELECT what || ' ' || of FROM test_effects GROUP BY what, of HAVING count(*) > 1"
        )
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
