import Ambient
import Foundation
import HTTPClient

/// One row of the simulator's ground truth.
struct TruthRow: Decodable, Sendable {
    let id: String
    let status: String
    let startedUnix: Int
    let campaign: String?
    let converted: Bool

    var isFinished: Bool { status == "done" || status == "failed" }
}

/// The simulator's ground truth, asked for over HTTP.
struct Truth: Sendable {
    let address: String

    /// Every row, by the conversation's id.
    func rows() async throws -> [String: TruthRow] {
        let client = try HTTPClient(ambient: .live())
        let response = try await client.send(
            HTTPRequest(url: "\(address)/_truth/conversations")
        )
        await client.shutDown()
        guard response.status == 200 else { throw TruthError.status(response.status) }
        let decoder = JSONDecoder()
        var rows: [String: TruthRow] = [:]
        for line in response.body.split(separator: UInt8(ascii: "\n")) {
            let row = try decoder.decode(TruthRow.self, from: Data(line))
            guard rows.updateValue(row, forKey: row.id) == nil else {
                throw TruthError.doubled(row.id)
            }
        }
        return rows
    }
}

enum TruthError: Error {
    case status(Int)
    case doubled(String)
}
