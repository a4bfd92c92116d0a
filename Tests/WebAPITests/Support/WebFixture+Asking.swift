import CallStore
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import PhoneNumbers

/// What a route answered.
struct Answered: Sendable {
    var status: Int
    var headers: HTTPFields
    var body: String

    var type: String { headers[.contentType] ?? "" }

    func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }

    /// The body as JSON; an empty object for none.
    func object() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
    }

    func list() throws -> [[String: Any]] {
        try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [[String: Any]] ?? []
    }

    /// The address in the `Link` header.
    var next: String? {
        header("link")?.firstMatch(of: /<(.+)>; rel="next"/).map { String($0.1) }
    }
}

extension TestClientProtocol {
    /// Asks as somebody on this machine does, unless the headers say otherwise.
    func ask(
        _ method: HTTPRequest.Method,
        _ uri: String,
        _ body: String? = nil,
        headers more: [String: String] = [:]
    ) async throws -> Answered {
        var headers = HTTPFields()
        for (name, value) in ["host": "localhost"].merging(more, uniquingKeysWith: { $1 }) {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if let body, headers[.contentLength] == nil {
            headers[.contentLength] = String(body.utf8.count)
        }
        return try await execute(
            uri: uri,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        ) { response in
            Answered(
                status: Int(response.status.code),
                headers: response.headers,
                body: String(buffer: response.body)
            )
        }
    }
}

extension CallRecord {
    /// A call at its end that lasted a minute.
    static func heard(
        _ conversation: String,
        agent: String = "agent_1",
        startedUnix: Int64 = WebFixture.nowUnix - 3_600,
        _ change: (inout CallRecord) -> Void = { _ in }
    ) -> CallRecord {
        var record = CallRecord(
            identity: CallIdentity(conversationID: conversation),
            source: .detail,
            fetchedAtMilliseconds: WebFixture.nowUnix * 1_000,
            agentID: agent,
            status: .done
        )
        record.startedUnix = startedUnix
        record.durationSeconds = 60
        record.channel = .phone
        record.direction = .inbound
        record.callSuccessful = "success"
        record.messageCount = 3
        record.title = "Cleaning booked"
        record.caller = PartyNumber(
            raw: "+14155550123",
            e164: E164(stored: "+14155550123"),
            kind: .e164,
            normaliserVersion: "t"
        )
        record.transcript = [
            Turn(speaker: .agent, message: "Good morning.", secondsIn: 0),
            Turn(
                speaker: .agent,
                message: nil,
                secondsIn: 2,
                toolCalls: [
                    ToolCall(requestID: "r", name: "t", kind: "w", arguments: "{}", wasCalled: true)
                ]
            ),
            Turn(speaker: .caller, message: "I would like to book a cleaning.", secondsIn: 4),
            Turn(speaker: .caller, message: "100% sure_thing", secondsIn: 9),
        ]
        change(&record)
        return record
    }
}

extension WebFixture {
    @discardableResult
    func record(_ record: CallRecord) async throws -> CallID {
        try await store.write { try $0.record(record).call }
    }
}

extension ExportRecord {
    /// A finished export of one row and ten bytes.
    static func sample(
        _ jobID: String,
        what: String = "calls",
        sha256: String = String(repeating: "0", count: 64)
    ) -> ExportRecord {
        ExportRecord(
            jobID: jobID,
            what: what,
            dialect: "data",
            fileName: "\(what).csv",
            manifestName: "\(what).json",
            rows: 1,
            bytes: 10,
            sha256: sha256,
            filter: "all",
            createdBy: "ana",
            createdMilliseconds: WebFixture.nowUnix * 1_000,
            expiresMilliseconds: WebFixture.nowUnix * 1_000 + 1
        )
    }
}
